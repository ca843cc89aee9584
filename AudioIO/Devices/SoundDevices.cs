using FlowVocoder.AudioIO.Alsa;
using FlowVocoder.AudioIO.Inputs;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Wasapi;

namespace FlowVocoder.AudioIO.Devices;

/// <summary>A device by name.</summary>
/// <param name="Name">What to open it by.</param>
/// <param name="Description">What it is, on one line.</param>
/// <param name="Plays">Whether it can play.</param>
/// <param name="Records">Whether it can record.</param>
public sealed record SoundDevice(string Name, string Description, bool Plays, bool Records);

/// <summary>The sound devices of this computer: through ALSA on Linux (also PulseAudio and PipeWire), through WASAPI on Windows.</summary>
public static class SoundDevices
{
    /// <summary>Name of the device that is meant where none is named.</summary>
    public const string Default = "default";

    private const string Loopback = "loopback";

    /// <summary>What leads to the devices here: "alsa" or "wasapi".</summary>
    public static string System => OperatingSystem.IsWindows() ? "wasapi" : "alsa";

    /// <summary>All devices; one that is listed may still be busy or absent.</summary>
    /// <exception cref="VocoderException">There is no way to them; the line says what to install.</exception>
    public static IReadOnlyList<SoundDevice> List() => OperatingSystem.IsWindows() ? WasapiDevices.List() : AlsaDevices.List();

    /// <summary>Opens a device to play on.</summary>
    /// <param name="sampleRate">Samples per second of what will be played.</param>
    /// <param name="device">Its name, as <see cref="List"/> has them. The default value is "default".</param>
    /// <param name="buffer">What is held before it is heard. The default value is 200 ms.</param>
    /// <exception cref="VocoderException">It is not there, busy, or takes no such sound.</exception>
    public static AudioPlayer OpenPlayer(int sampleRate, string device = Default, TimeSpan? buffer = null)
    {
        if (OperatingSystem.IsWindows()) return WasapiPlayback.Open(sampleRate, device == Default ? null : device, buffer);
        return new AlsaOut(sampleRate, AlsaOptions.Of(device, buffer));
    }

    /// <summary>Opens a device to record from.</summary>
    /// <param name="wantedRate">Samples per second that would be best; the input says what it has.</param>
    /// <param name="device">Its name. The default value is "default"; on Windows also "loopback" and "loopback:NAME", what a device plays.</param>
    /// <exception cref="VocoderException">It is not there, busy, or gives no such sound.</exception>
    public static AudioInput OpenInput(int wantedRate, string device = Default)
    {
        if (!OperatingSystem.IsWindows()) return new AlsaIn(wantedRate, new AlsaOptions { Device = device });
        if (device == Loopback) return WasapiRecording.OpenLoopback(wantedRate);
        return device.StartsWith(Loopback + ":", StringComparison.Ordinal) ? WasapiRecording.OpenLoopback(wantedRate, device[(Loopback.Length + 1)..])
            : WasapiRecording.Open(wantedRate, device == Default ? null : device);
    }

    /// <summary>Tries whether a device can be opened now, and lets it go.</summary>
    /// <param name="device">Its name.</param>
    /// <param name="capture">To record, else to play.</param>
    /// <returns>Null where it can, else one line that says why not.</returns>
    public static string? Problem(string device = Default, bool capture = false)
    {
        const int UsualRate = 22050;
        try
        {
            using IDisposable opened = capture ? OpenInput(UsualRate, device) : OpenPlayer(UsualRate, device);
            return null;
        }
        catch (VocoderException e)
        {
            return e.Message;
        }
    }
}
