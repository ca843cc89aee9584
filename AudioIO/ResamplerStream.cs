namespace FlowVocoder.AudioIO;

/// <summary>
/// A <see cref="Resampler"/> for a signal that is still coming: however it is cut into chunks, the samples are bit for bit those of
/// <see cref="Resampler.Resample"/> on the whole. Not thread-safe.
/// </summary>
public sealed class ResamplerStream
{
    private readonly Resampler? _resampler;
    private float[] _window;
    private long _windowStart, _received, _produced;
    private int _windowLength;

    /// <summary>Prepares a ratio.</summary>
    /// <param name="from">Rate of the input in Hz, positive.</param>
    /// <param name="to">Rate of the output in Hz, positive.</param>
    public ResamplerStream(int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(from);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(to);
        (From, To) = (from, to);
        _resampler = from == to ? null : new Resampler(from, to);
        _window = [];
    }

    /// <summary>Rate of the input in Hz.</summary>
    public int From { get; }

    /// <summary>Rate of the output in Hz.</summary>
    public int To { get; }

    /// <summary>Input samples that must follow the instant of an output sample before it comes out: half the filter, or 0 for equal rates.</summary>
    public int LatencySamples => _resampler?.Reach ?? 0;

    /// <summary>Input samples that were taken in and have not come out yet; 0 when all have.</summary>
    public int HeldSamples => (int)Math.Max(0, _received - (_produced * From / To));

    /// <summary>Output samples that <see cref="Push"/> will give for so many input samples.</summary>
    public int OutputCount(int samples) => checked((int)(Ready(_received + samples) - _produced));

    /// <summary>Output samples that <see cref="Flush"/> will give.</summary>
    public int FlushCount => checked((int)(Length(_received) - _produced));

    /// <summary>Takes in samples and gives those of the output that depend on nothing later.</summary>
    /// <param name="x">The next input samples.</param>
    /// <param name="y">Room for <see cref="OutputCount"/> samples.</param>
    /// <returns>Samples written.</returns>
    /// <exception cref="ArgumentException">There is no room; nothing was taken in.</exception>
    public int Push(ReadOnlySpan<float> x, Span<float> y)
    {
        int count = OutputCount(x.Length);
        RequireRoom(y, count);
        if (_resampler == null)
        {
            x.CopyTo(y);
            (_received, _produced) = (_received + count, _produced + count);
            return count;
        }
        Append(x);
        Produce(y[..count]);
        Forget();
        return count;
    }

    /// <summary>Ends the signal, after which there is silence. Push nothing after it but <see cref="Reset"/>.</summary>
    /// <param name="y">Room for <see cref="FlushCount"/> samples.</param>
    /// <returns>Samples written.</returns>
    /// <exception cref="ArgumentException">There is no room.</exception>
    public int Flush(Span<float> y)
    {
        int count = FlushCount;
        RequireRoom(y, count);
        if (count > 0) Produce(y[..count]);
        return count;
    }

    /// <summary>Starts a new signal.</summary>
    public void Reset() => (_windowStart, _windowLength, _received, _produced) = (0, 0, 0, 0);

    // ⌈n · to/from⌉ samples of n, as offline.
    private long Length(long samples) => ((samples * To) + From - 1) / From;

    // Output m lies at the input time m·from/to and needs the samples up to ⌊that⌋ + reach.
    private long Ready(long received) => received <= LatencySamples ? 0
        : _resampler == null ? received : Math.Max(_produced, Length(received - LatencySamples));

    private void Produce(Span<float> y)
    {
        _resampler!.Fill(_window.AsSpan(0, _windowLength), _windowStart, y, _produced);
        _produced += y.Length;
    }

    private void Append(ReadOnlySpan<float> x)
    {
        if (_windowLength + x.Length > _window.Length) Array.Resize(ref _window, Math.Max(2 * _window.Length, _windowLength + x.Length));
        x.CopyTo(_window.AsSpan(_windowLength));
        _windowLength += x.Length;
        _received += x.Length;
    }

    private void Forget()
    {
        long first = Math.Max(_windowStart, (_produced * From / To) - LatencySamples);
        int gone = (int)Math.Min(_windowLength, first - _windowStart);
        _window.AsSpan(gone, _windowLength - gone).CopyTo(_window);
        (_windowStart, _windowLength) = (_windowStart + gone, _windowLength - gone);
    }

    private static void RequireRoom(Span<float> y, int count)
    {
        if (y.Length < count) throw new ArgumentException($"room for {y.Length} samples, expected {count}", nameof(y));
    }
}
