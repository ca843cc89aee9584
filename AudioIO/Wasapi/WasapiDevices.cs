using System.Runtime.Versioning;
using FlowVocoder.AudioIO.Devices;
using NAudio.CoreAudioApi;

namespace FlowVocoder.AudioIO.Wasapi;

/// <summary>The sound devices of Windows.</summary>
[SupportedOSPlatform("windows")]
internal static class WasapiDevices
{
    /// <summary>All devices that are plugged in, those that play first.</summary>
    public static IReadOnlyList<SoundDevice> List()
    {
        const string Plays = "plays; as an input: what it plays, as loopback:NAME";
        using var enumerator = new MMDeviceEnumerator();
        return [.. Names(enumerator, DataFlow.Render).Select(name => new SoundDevice(name, Plays, Plays: true, Records: false)),
            .. Names(enumerator, DataFlow.Capture).Select(name => new SoundDevice(name, "records", Plays: false, Records: true))];
    }

    /// <summary>A device by its name, as Windows shows it, or by a part of it that no other has.</summary>
    /// <exception cref="VocoderException">There is none, or several.</exception>
    public static MMDevice Find(string name, DataFlow flow)
    {
        using var enumerator = new MMDeviceEnumerator();
        MMDevice[] all = [.. enumerator.EnumerateAudioEndPoints(flow, DeviceState.Active)];
        return all[NameMatch.Find(name, [.. all.Select(device => device.FriendlyName)], flow == DataFlow.Capture)];
    }

    /// <summary>What follows the default device when another becomes that; null where this Windows (before 10, version 1607) cannot, or will not.</summary>
    public static T? Following<T>(Func<Task<T>> build) where T : class
    {
        if (!OperatingSystem.IsWindowsVersionAtLeast(10, 0, 14393)) return null;
        try
        {
            return build().GetAwaiter().GetResult();
        }
        catch (Exception e) when (IsDeviceError(e))
        {
            return null;
        }
    }

    /// <summary>Whether an exception is what COM's numbers become: any of many kinds.</summary>
    public static bool IsDeviceError(Exception e) => e is not (VocoderException or OutOfMemoryException);

    /// <summary>One line about a device that cannot be opened.</summary>
    public static VocoderException Unusable(string what, Exception e) =>
        new($"cannot {what}: found no device that WASAPI can use, expected one ({e.Message.ReplaceLineEndings(" ")})", e);

    private static IEnumerable<string> Names(MMDeviceEnumerator enumerator, DataFlow flow) =>
        enumerator.EnumerateAudioEndPoints(flow, DeviceState.Active).Select(device => device.FriendlyName);
}
