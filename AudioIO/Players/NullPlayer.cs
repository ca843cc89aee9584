namespace FlowVocoder.AudioIO.Players;

/// <summary>
/// Plays nothing, but takes the time: it accepts samples as fast as a sound card with a buffer of the given size would, and counts the same
/// underruns. For measuring and tests; the clock can be another than the computer's.
/// </summary>
public sealed class NullPlayer : AudioPlayer
{
    private readonly TimeProvider _clock;
    private readonly int _capacity;
    private readonly Lock _gate = new();
    // Playing since _started, when it held _held samples; null while the buffer is being filled for a start.
    private long? _started;
    private long _held, _underruns;

    /// <summary>Makes an idle player.</summary>
    /// <param name="sampleRate">Samples per second.</param>
    /// <param name="buffer">What it holds before a writer has to wait, and before it begins to play. The default value is 0.2 s.</param>
    /// <param name="clock">The default value is the computer's.</param>
    public NullPlayer(int sampleRate, TimeSpan? buffer = null, TimeProvider? clock = null) : base("nothing", sampleRate)
    {
        _clock = clock ?? TimeProvider.System;
        _capacity = Math.Max(1, (int)((buffer ?? TimeSpan.FromSeconds(0.2)).TotalSeconds * sampleRate));
    }

    /// <inheritdoc/>
    public override int BufferedSamples
    {
        get
        {
            lock (_gate) return (int)Math.Max(0, _held - Elapsed);
        }
    }

    /// <inheritdoc/>
    public override long Underruns
    {
        get
        {
            lock (_gate) return _underruns;
        }
    }

    private long Elapsed => _started is { } start ? (long)(_clock.GetElapsedTime(start).TotalSeconds * SampleRate) : 0;

    /// <inheritdoc/>
    public override void Drain(CancellationToken cancellation = default)
    {
        lock (_gate)
        {
            if (_held > 0) _started ??= _clock.GetTimestamp();
        }
        while (BufferedSamples is > 0 and int left) Wait(left, cancellation);
        lock (_gate) (_started, _held) = (null, 0);
    }

    /// <inheritdoc/>
    protected override void Discard()
    {
        lock (_gate) (_started, _held) = (null, 0);
    }

    /// <inheritdoc/>
    protected override void Queue(ReadOnlySpan<float> samples, long stops, CancellationToken cancellation)
    {
        for (int left = samples.Length; ;)
        {
            lock (_gate)
            {
                if (Stops != stops) return;
                NoticeUnderrun();
                int room = (int)Math.Min(left, _capacity - (_held - Elapsed));
                (_held, left) = (_held + room, left - room);
                if (_held >= _capacity) _started ??= _clock.GetTimestamp();
            }
            if (left == 0) return;
            Wait(Math.Min(left, Math.Max(1, _capacity / 4)), cancellation);
        }
    }

    // Begins anew, as a sound card does: the buffer is filled before anything is heard.
    private void NoticeUnderrun()
    {
        if (_started == null || _held > Elapsed) return;
        _underruns++;
        (_started, _held) = (null, 0);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }

    // Delays are whole milliseconds: at least one, or it would be asked again and again.
    private void Wait(int samples, CancellationToken cancellation) =>
        Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(1000.0 * samples / SampleRate)), _clock, cancellation).GetAwaiter().GetResult();
}
