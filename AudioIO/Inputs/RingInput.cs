namespace FlowVocoder.AudioIO.Inputs;

/// <summary>An input whose samples come on a thread of the device, which is never held up: whoever reads may be late by a second.</summary>
public abstract class RingInput : AudioInput
{
    private readonly SampleRing _ring;
    private readonly AutoResetEvent _news = new(false);
    private long _taken, _overruns;
    private volatile Exception? _failure;

    /// <summary>Makes room for a second of sound.</summary>
    /// <param name="name">What displays and errors call it.</param>
    /// <param name="sampleRate">Samples per second, positive.</param>
    protected RingInput(string name, int sampleRate) : base(name, sampleRate) => _ring = new SampleRing(sampleRate);

    /// <inheritdoc/>
    public override long Captured => Taken + Held;

    /// <inheritdoc/>
    public override int Waiting => _ring.Count;

    /// <inheritdoc/>
    public override long Overruns => Volatile.Read(ref _overruns);

    /// <summary>Samples that the device has given so far.</summary>
    protected long Taken => Volatile.Read(ref _taken);

    /// <summary>Samples that have sounded and are still in the device.</summary>
    protected abstract long Held { get; }

    /// <inheritdoc/>
    public override int Read(Span<float> samples, CancellationToken cancellation = default)
    {
        if (samples.IsEmpty) return 0;
        while (true)
        {
            // Asked first, so that what came before a failure is still read.
            Exception? failure = _failure;
            int count = _ring.Read(samples);
            if (count > 0) return count;
            if (failure != null) throw new VocoderException(failure.Message, failure);
            if (WaitHandle.WaitAny([_news, cancellation.WaitHandle]) == 1) throw new OperationCanceledException(cancellation);
        }
    }

    /// <summary>To be called by the device's thread: samples for whoever reads.</summary>
    protected void Keep(ReadOnlySpan<float> mono)
    {
        // What found no room never sounded, as far as anybody behind this can tell.
        int kept = _ring.Write(mono);
        if (kept < mono.Length) CountOverrun();
        Volatile.Write(ref _taken, _taken + kept);
        _news.Set();
    }

    /// <summary>Counts samples that the device has lost.</summary>
    protected void CountOverrun() => Interlocked.Increment(ref _overruns);

    /// <summary>Whoever reads is told, after what came before.</summary>
    protected void Fail(Exception reason)
    {
        _failure = reason;
        _news.Set();
    }

    /// <summary>Whoever waits for samples, or comes later, is told that there are no more.</summary>
    protected void Close() => Fail(_failure ?? new VocoderException($"cannot record from {Name} any more: the recorder is closed"));
}
