using NAudio.Wave;

namespace FlowVocoder.AudioIO.Inputs;

/// <summary>
/// Where sound comes from while it is made: a microphone, or a recording that is played in real time. Either one thread <see cref="Read"/>s; or, as with any
/// <see cref="IWaveIn"/> of NAudio, <see cref="StartRecording"/> lets a thread of its own hand the sound out. Mono.
/// </summary>
public abstract partial class AudioInput : IWaveIn
{
    /// <summary>Remembers what the input is called and how fast it runs.</summary>
    /// <param name="name">What displays and errors call it.</param>
    /// <param name="sampleRate">Samples per second, positive.</param>
    protected AudioInput(string name, int sampleRate)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sampleRate);
        (Name, SampleRate) = (name, sampleRate);
        _format = WaveFormat.CreateIeeeFloatWaveFormat(sampleRate, 1);
    }

    /// <summary>What displays and errors call it.</summary>
    public string Name { get; }

    /// <summary>Samples per second.</summary>
    public int SampleRate { get; }

    /// <summary>Samples that have sounded since the input was opened, whether they are read yet or not: where the source is now.</summary>
    public abstract long Captured { get; }

    /// <summary>Samples that <see cref="Read"/> would give without waiting.</summary>
    public abstract int Waiting { get; }

    /// <summary>How often samples were lost because nobody read them in time.</summary>
    public virtual long Overruns => 0;

    /// <summary>Takes what has sounded since the last read, waiting for at least one sample.</summary>
    /// <returns>Samples read; 0 at the end of the input.</returns>
    /// <exception cref="VocoderException">The device is gone.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public abstract int Read(Span<float> samples, CancellationToken cancellation = default);

    /// <inheritdoc/>
    public void Dispose()
    {
        StopRecording();
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets the source go.</summary>
    protected abstract void Dispose(bool disposing);
}
