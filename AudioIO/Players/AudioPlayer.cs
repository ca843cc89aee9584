using FlowVocoder.Streaming;
using NAudio.Wave;

namespace FlowVocoder.AudioIO.Players;

/// <summary>
/// Where speech goes while it is generated: a sound card, a pipe, a file. Two ways lead to it. Whoever has samples <see cref="Write"/>s them; or, as with
/// any <see cref="IWavePlayer"/> of NAudio, <see cref="Init"/> connects the end of a chain and <see cref="Play()"/> reads it on a thread of its own. One
/// thread writes; <see cref="Stop"/> and the properties may be used by others meanwhile. Mono.
/// </summary>
/// <remarks>
/// To interrupt (barge-in), cancel what generates and call <see cref="Stop"/>: what is queued is not heard. To end, call <see cref="Drain"/>: all of it
/// is heard. Disposing alone neither waits nor promises anything about what is queued.
/// </remarks>
public abstract partial class AudioPlayer : IWavePlayer, IWavePosition
{
    // Samples over which a new volume is reached: 6 ms at 22,050 Hz, enough not to click.
    private const int RampSamples = 128;
    private const int BlockSamples = 1024;

    private readonly float[] _block = new float[BlockSamples];
    private float _volume = 1, _gain = 1;
    private long _written, _stops, _limited;

    /// <summary>Remembers what the player is called and how fast it plays.</summary>
    /// <param name="name">What displays and errors call it.</param>
    /// <param name="sampleRate">Samples per second of what is written to it, positive.</param>
    protected AudioPlayer(string name, int sampleRate)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sampleRate);
        (Name, SampleRate) = (name, sampleRate);
        OutputWaveFormat = WaveFormat.CreateIeeeFloatWaveFormat(sampleRate, 1);
    }

    /// <summary>What displays and errors call it.</summary>
    public string Name { get; }

    /// <summary>Samples per second of what is written to it.</summary>
    public int SampleRate { get; }

    /// <summary>Samples written so far.</summary>
    public long Written => Volatile.Read(ref _written);

    /// <summary>Samples that are written but not heard yet; 0 where a player cannot know, as behind a pipe.</summary>
    public abstract int BufferedSamples { get; }

    /// <summary><see cref="BufferedSamples"/> as time: how long what is written now takes to be heard.</summary>
    public TimeSpan Latency => TimeSpan.FromSeconds((double)BufferedSamples / SampleRate);

    /// <summary>How often there was nothing to play although more was to come: the writer was slower than real time, or began too late.</summary>
    public virtual long Underruns => 0;

    /// <summary>Samples beyond full scale so far, which were rounded off, see <see cref="SpeechLimiter"/>.</summary>
    public long Limited => Volatile.Read(ref _limited);

    /// <summary>Factor on the samples that are written from now on, 0 … 4. The default value is 1, which leaves every bit alone.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is outside its range.</exception>
    public float Volume
    {
        get => Volatile.Read(ref _volume);
        set => Volatile.Write(ref _volume, value is >= 0 and <= 4 ? value : throw new ArgumentOutOfRangeException(nameof(value), value, "expected 0 to 4"));
    }

    /// <summary>Queues samples; waits where the queue is full. <see cref="Stop"/> ends the waiting and discards the rest.</summary>
    /// <param name="samples">Full scale is ±1; what comes near or goes beyond is rounded off, see <see cref="SpeechLimiter"/>.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="VocoderException">A sample is NaN or infinite, the device is gone, the disk is full.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; part of the samples may be queued.</exception>
    public void Write(ReadOnlySpan<float> samples, CancellationToken cancellation = default) => Write(samples, Stops, cancellation);

    private void Write(ReadOnlySpan<float> samples, long stops, CancellationToken cancellation)
    {
        int bad = NotFinite.IndexIn(samples);
        if (bad >= 0)
            throw new VocoderException($"cannot play on {Name}: sample {Written + bad} is {NotFinite.Name(samples[bad])}, expected finite numbers");
        while (!samples.IsEmpty && Stops == stops)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(samples.Length, BlockSamples);
            Span<float> block = _block.AsSpan(0, count);
            samples[..count].CopyTo(block);
            Amplify(block);
            Volatile.Write(ref _limited, _limited + SpeechLimiter.Apply(block));
            Queue(block, stops, cancellation);
            Volatile.Write(ref _written, _written + count);
            samples = samples[count..];
        }
    }

    /// <summary>Waits until all that was written has been heard (or is in the file), to the last sample. The player can be written to again.</summary>
    /// <exception cref="VocoderException">The device is gone, the disk is full.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public abstract void Drain(CancellationToken cancellation = default);

    /// <summary>Silence at once: what is queued is discarded, and a <see cref="Write"/> that waits returns. The player can be written to again.</summary>
    public void Stop()
    {
        // Counted first: a write that comes between is then either discarded below or notices it.
        Interlocked.Increment(ref _stops);
        Discard();
        EndPlayback();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (PlaybackState != PlaybackState.Stopped) Stop();
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Number of <see cref="Stop"/>s so far.</summary>
    protected long Stops => Volatile.Read(ref _stops);

    /// <summary>Queues up to 1,024 samples, whose volume is right.</summary>
    /// <param name="samples">Finite; valid until this returns.</param>
    /// <param name="stops"><see cref="Stops"/> when the write began: where it is another now, the rest is to be discarded.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    protected abstract void Queue(ReadOnlySpan<float> samples, long stops, CancellationToken cancellation);

    /// <summary>Discards what is queued; <see cref="Stops"/> has been counted.</summary>
    protected abstract void Discard();

    /// <summary>Lets the device or file go.</summary>
    protected abstract void Dispose(bool disposing);

    private void Amplify(Span<float> block)
    {
        float volume = Volume;
        if (volume == _gain && volume == 1) return;
        float step = (volume - _gain) / RampSamples;
        for (int i = 0; i < block.Length; i++)
        {
            if (_gain != volume) _gain = Math.Abs(volume - _gain) <= Math.Abs(step) * 1.5f ? volume : _gain + step;
            block[i] *= _gain;
        }
    }
}
