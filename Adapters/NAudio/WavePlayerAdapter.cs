using FlowVocoder.AudioIO.Players;
using NAudio.CoreAudioApi;
using NAudio.Wave;
using NAudio.Wave.SampleProviders;

namespace FlowVocoder.NAudio;

/// <summary>
/// A player of this project over one of NAudio's: WASAPI on Windows, or another <see cref="IWavePlayer"/> that can play again after its Stop (NAudio 3.0.1's
/// AlsaOut cannot: it plays until the first stop or drain). A lock-free ring lies between the writer and NAudio's thread.
/// </summary>
public sealed class WavePlayerAdapter : CallbackPlayer
{
    private readonly IWavePlayer _player;

    /// <summary>Initialises a player of NAudio, which belongs to this from now on.</summary>
    /// <param name="player">A player that <see cref="IWavePlayer.Init"/> was not called on yet.</param>
    /// <param name="sampleRate">Samples per second of what will be written.</param>
    /// <param name="buffer">What is held in front of NAudio's own buffer. The default value is 0.2 s.</param>
    /// <param name="name">What displays and errors call it.</param>
    /// <exception cref="VocoderException">The device does not take mono floats of this rate.</exception>
    public WavePlayerAdapter(IWavePlayer player, int sampleRate, TimeSpan? buffer = null, string name = "NAudio")
        : base(name, sampleRate, buffer ?? TimeSpan.FromSeconds(0.2))
    {
        ArgumentNullException.ThrowIfNull(player);
        _player = player;
        _player.PlaybackStopped += (_, e) =>
        {
            if (e.Exception != null) Fail(e.Exception);
        };
        try
        {
            _player.Init(new Source(this).ToWaveProvider());
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            _player.Dispose();
            throw new VocoderException($"cannot play on {name}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Plays on a device of Windows through WASAPI in shared mode, which resamples and mixes.</summary>
    /// <param name="sampleRate">Samples per second of what will be written.</param>
    /// <param name="latency">What WASAPI holds. The default value is 50 ms.</param>
    /// <param name="device">The default value is the default device for output.</param>
    /// <exception cref="VocoderException">There is no device, or it cannot be used.</exception>
    public static WavePlayerAdapter Wasapi(int sampleRate, TimeSpan? latency = null, MMDevice? device = null)
    {
        if (!OperatingSystem.IsWindows()) throw new VocoderException("WASAPI is part of Windows; on Linux play through FlowVocoder.AudioIO.Alsa.AlsaPlayer");
        WasapiPlayer player;
        try
        {
            WasapiPlayerBuilder builder = new WasapiPlayerBuilder().WithLatency((int)(latency ?? TimeSpan.FromMilliseconds(50)).TotalMilliseconds).WithMmcssThreadPriority();
            player = (device == null ? builder : builder.WithDevice(device)).Build();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new VocoderException($"cannot play through WASAPI: found no usable device for output, expected one ({e.Message.ReplaceLineEndings(" ")})", e);
        }
        return new WavePlayerAdapter(player, sampleRate, name: player.DeviceFriendlyName is { } friendly ? $"'{friendly}'" : "WASAPI");
    }

    /// <inheritdoc/>
    protected override TimeSpan DeviceLatency => _player is IWaveLatency latency ? latency.AverageLatency : TimeSpan.FromMilliseconds(200);

    /// <inheritdoc/>
    protected override void StartDevice() => _player.Play();

    /// <inheritdoc/>
    protected override void StopDevice() => _player.Stop();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _player.Dispose();
    }

    // Never ends: silence goes on while nothing is there, so that NAudio does not stop by itself.
    private sealed class Source(WavePlayerAdapter player) : ISampleProvider
    {
        public WaveFormat WaveFormat { get; } = WaveFormat.CreateIeeeFloatWaveFormat(player.SampleRate, 1);

        public int Read(Span<float> buffer)
        {
            player.Fill(buffer);
            return buffer.Length;
        }
    }
}
