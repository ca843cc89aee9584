using System.Runtime.InteropServices;

namespace FlowVocoder.AudioIO.Alsa;

/// <summary>A device by name.</summary>
/// <param name="Name">What to open it by.</param>
/// <param name="Description">What it is, on one line.</param>
/// <param name="Plays">Whether it can play.</param>
/// <param name="Records">Whether it can record.</param>
public sealed record AlsaDevice(string Name, string Description, bool Plays, bool Records);

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
    public static IReadOnlyList<AlsaDevice> List()
    {
        _ = LibraryVersion;
        LibAsound.Silence();
        if (LibAsound.DeviceNameHint(-1, "pcm", out nint hints) < 0) return [];
        var devices = new List<AlsaDevice>();
        for (nint at = hints; Marshal.ReadIntPtr(at) is not 0 and var hint; at += nint.Size)
        {
            // No direction means both.
            string? direction = Hint(hint, "IOID");
            if (Hint(hint, "NAME") is { } name)
                devices.Add(new AlsaDevice(name, Hint(hint, "DESC")?.ReplaceLineEndings(", ") ?? "", direction != "Input", direction != "Output"));
        }
        LibAsound.FreeHints(hints);
        return devices;
    }

    /// <summary>Tries whether a device can be opened now, and lets it go.</summary>
    /// <param name="device">Its name.</param>
    /// <param name="capture">To record, else to play.</param>
    /// <returns>Null where it can, else one line that says why not.</returns>
    public static string? Problem(string device, bool capture = false)
    {
        try
        {
            AlsaPcm.Open(device, capture, 22050, new AlsaOptions()).Dispose();
            return null;
        }
        catch (VocoderException e)
        {
            return e.Message;
        }
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
