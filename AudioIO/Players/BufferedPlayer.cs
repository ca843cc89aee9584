using NAudio.Wave;
using NAudio.Wave.SampleProviders;

namespace FlowVocoder.AudioIO.Players;

/// <summary>
/// Any player of NAudio that can play again after its Stop (WASAPI, ASIO, …), with a lock-free ring before it: whoever writes, or a chain that computes,
/// never holds up its callback. It adds what <see cref="IWavePlayer"/> has not: underruns, latency, a drain to the last sample.
/// </summary>
public sealed class BufferedPlayer : CallbackPlayer
{
    private readonly IWavePlayer _player;

    /// <summary>Connects a player of NAudio, which belongs to this from now on.</summary>
    /// <param name="player">A player that <see cref="IWavePlayer.Init"/> was not called on yet.</param>
    /// <param name="sampleRate">Samples per second of what will be written.</param>
    /// <param name="buffer">What is held in front of NAudio's own buffer. The default value is 0.2 s.</param>
    /// <param name="name">What displays and errors call it.</param>
    /// <param name="clock">Notices a device that asks for nothing. The default value is the computer's.</param>
    /// <exception cref="VocoderException">The device does not take mono floats of this rate.</exception>
    public BufferedPlayer(IWavePlayer player, int sampleRate, TimeSpan? buffer = null, string name = "NAudio", TimeProvider? clock = null)
        : base(name, sampleRate, buffer ?? TimeSpan.FromSeconds(0.2), clock)
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
    private sealed class Source(BufferedPlayer player) : ISampleProvider
    {
        public WaveFormat WaveFormat { get; } = WaveFormat.CreateIeeeFloatWaveFormat(player.SampleRate, 1);

        public int Read(Span<float> buffer)
        {
            player.Fill(buffer);
            return buffer.Length;
        }
    }
}
