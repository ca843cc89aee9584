using System.Runtime.InteropServices;
using FlowVocoder.AudioIO.Devices;

namespace FlowVocoder.AudioIO.Alsa;

/// <summary>What ALSA knows of: sound cards, sound servers and plugins.</summary>
public static class AlsaDevices
{
    /// <summary>Version of the library, such as "1.2.8".</summary>
    /// <exception cref="VocoderException">The library is not installed; the line says how to install it.</exception>
    public static string LibraryVersion
    {
        get
        {
            try
            {
                return Marshal.PtrToStringUTF8(LibAsound.Version())!;
            }
            catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
            {
                throw AlsaError.NoLibrary(e);
            }
        }
    }

    /// <summary>All devices that have a name, in ALSA's order. A device that is listed may still be busy or absent.</summary>
    /// <exception cref="VocoderException">The library is not installed; the line says how to install it.</exception>
    public static IReadOnlyList<SoundDevice> List()
    {
        _ = LibraryVersion;
        LibAsound.Silence();
        if (LibAsound.DeviceNameHint(-1, "pcm", out nint hints) < 0) return [];
        var devices = new List<SoundDevice>();
        for (nint at = hints; Marshal.ReadIntPtr(at) is not 0 and var hint; at += nint.Size)
        {
            // No direction means both.
            string? direction = Hint(hint, "IOID");
            if (Hint(hint, "NAME") is { } name)
                devices.Add(new SoundDevice(name, Hint(hint, "DESC")?.ReplaceLineEndings(", ") ?? "", direction != "Input", direction != "Output"));
        }
        LibAsound.FreeHints(hints);
        return devices;
    }

    private static string? Hint(nint hint, string id)
    {
        nint text = LibAsound.GetHint(hint, id);
        if (text == 0) return null;
        string? result = Marshal.PtrToStringUTF8(text);
        LibAsound.Free(text);
        return result;
    }
}
