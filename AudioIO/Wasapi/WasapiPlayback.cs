using System.Runtime.Versioning;
using FlowVocoder.AudioIO.Players;
using NAudio.CoreAudioApi;
using NAudio.Wave;

namespace FlowVocoder.AudioIO.Wasapi;

/// <summary>Plays on Windows through WASAPI in shared mode, event driven; Windows mixes, and converts to the device's rate.</summary>
[SupportedOSPlatform("windows")]
public static class WasapiPlayback
{
    private static readonly TimeSpan s_most = TimeSpan.FromMilliseconds(50), s_least = TimeSpan.FromMilliseconds(10);

    /// <summary>Opens a device.</summary>
    /// <param name="sampleRate">Samples per second of what will be written.</param>
    /// <param name="device">Its name as Windows shows it, or a part of that; null for the default device, also when another becomes that meanwhile.</param>
    /// <param name="latency">What is held before a sample is heard, a quarter of it (10 to 50 ms) by WASAPI. The default value is 200 ms.</param>
    /// <exception cref="VocoderException">There is no such device, or it cannot be used.</exception>
    public static BufferedPlayer Open(int sampleRate, string? device = null, TimeSpan? latency = null)
    {
        TimeSpan all = latency ?? TimeSpan.FromMilliseconds(200);
        TimeSpan inDevice = TimeSpan.FromTicks(Math.Clamp(all.Ticks / 4, s_least.Ticks, s_most.Ticks));
        string name = device == null ? "the default device" : $"'{device}'";
        return new BufferedPlayer(Build(device, name, inDevice), sampleRate, all - inDevice, name);
    }

    private static WasapiPlayerBuilder New(TimeSpan latency) =>
        new WasapiPlayerBuilder().WithSharedMode().WithEventSync().WithLatency((int)latency.TotalMilliseconds).WithMmcssThreadPriority();

    private static WasapiPlayer Build(string? device, string name, TimeSpan latency)
    {
        try
        {
            WasapiPlayerBuilder builder = New(latency);
            if (device != null) return builder.WithDevice(WasapiDevices.Find(device, DataFlow.Render)).Build();
            return WasapiDevices.Following(() => builder.WithDefaultDeviceStreamRouting().BuildAsync()) ?? New(latency).Build();
        }
        catch (Exception e) when (WasapiDevices.IsDeviceError(e))
        {
            throw WasapiDevices.Unusable($"play on {name}", e);
        }
    }
}
