namespace FlowVocoder.AudioIO.Inputs;

/// <summary>A recording in memory that sounds in real time, as if somebody spoke it into a microphone from the moment this is made.</summary>
public sealed class PacedInput : AudioInput
{
    private readonly ReadOnlyMemory<float> _samples;
    private readonly TimeProvider _clock;
    private readonly long _start;
    private int _read;

    /// <summary>Begins to play.</summary>
    /// <param name="samples">The recording.</param>
    /// <param name="sampleRate">Samples per second.</param>
    /// <param name="name">What displays call it.</param>
    /// <param name="clock">The default value is the computer's.</param>
    public PacedInput(ReadOnlyMemory<float> samples, int sampleRate, string name, TimeProvider? clock = null) : base(name, sampleRate)
    {
        (_samples, _clock) = (samples, clock ?? TimeProvider.System);
        _start = _clock.GetTimestamp();
    }

    /// <inheritdoc/>
    public override long Captured => Math.Min(_samples.Length, (long)(_clock.GetElapsedTime(_start).TotalSeconds * SampleRate));

    /// <inheritdoc/>
    public override int Waiting => (int)(Captured - _read);

    /// <inheritdoc/>
    public override int Read(Span<float> samples, CancellationToken cancellation = default)
    {
        if (samples.IsEmpty || _read == _samples.Length) return 0;
        while (Captured <= _read)
        {
            // Delays are whole milliseconds; a microphone would deliver some ten at once.
            double next = 1000.0 * Math.Min(SampleRate / 100, _samples.Length - _read) / SampleRate;
            Task.Delay(TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(next))), _clock, cancellation).GetAwaiter().GetResult();
        }
        int count = (int)Math.Min(samples.Length, Captured - _read);
        _samples.Span.Slice(_read, count).CopyTo(samples);
        _read += count;
        return count;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
