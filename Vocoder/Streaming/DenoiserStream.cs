namespace FlowVocoder.Streaming;

/// <summary>
/// Denoises samples while they come, <see cref="LatencySamples"/> later; however they are cut into chunks, the result is the same bits. Not thread-safe.
/// Allocates nothing in steady state.
/// </summary>
public sealed class DenoiserStream
{
    private const int Size = Denoiser.Size, Hop = Denoiser.Hop;

    private readonly Denoiser _denoiser;
    private readonly double _strength;
    private readonly DenoisingFrame _frame = new();

    // The last samples that came, and sums of overlapping frames. Before the first sample lies silence.
    private readonly float[] _window = new float[Size];
    private readonly double[] _sums = new double[Size];
    private int _fresh;
    private long _received, _given, _made;

    internal DenoiserStream(Denoiser denoiser, float strength)
    {
        if (!(strength is >= 0 and <= 100))
            throw new VocoderException(FormattableString.Invariant($"the strength of the denoiser is {strength}, expected 0 to 100"));
        (_denoiser, _strength) = (denoiser, strength);
    }

    /// <summary>Samples that must follow a sample before it comes out, at most: 768 and what does not fill a hop of 256.</summary>
    public const int LatencySamples = Size - 1;

    /// <summary>The same where whole hops of a voice come.</summary>
    internal static int LatencyFor(int hop) => hop % Hop == 0 ? Size - Hop : LatencySamples;

    /// <summary>Samples that <see cref="Flush"/> will give.</summary>
    public int FlushCount => (int)(_received - _given);

    /// <summary>Samples that <see cref="Push"/> will give for so many.</summary>
    public int SamplesAfter(int samples) => (int)(Ready(_received + samples) - _given);

    /// <summary>Takes in samples and gives those that are ready.</summary>
    /// <param name="samples">The next samples.</param>
    /// <param name="result">Room for <see cref="SamplesAfter"/> as many; may not overlap <paramref name="samples"/>.</param>
    /// <returns>Samples written.</returns>
    /// <exception cref="ArgumentException">There is no room; nothing was taken in.</exception>
    public int Push(ReadOnlySpan<float> samples, Span<float> result)
    {
        int count = SamplesAfter(samples.Length), done = 0;
        if (result.Length < count) throw new ArgumentException($"room for {result.Length} samples, expected {count}", nameof(result));
        _received += samples.Length;
        while (!samples.IsEmpty)
        {
            int step = Math.Min(Hop - _fresh, samples.Length);
            samples[..step].CopyTo(_window.AsSpan(Size - Hop + _fresh));
            samples = samples[step..];
            _fresh += step;
            if (_fresh == Hop) done += Next(result[done..]);
        }
        return count;
    }

    /// <summary>Ends the signal: gives the last samples. Push nothing after it but <see cref="Reset"/>.</summary>
    /// <param name="result">Room for what is left, at most <see cref="LatencySamples"/>.</param>
    /// <returns>Samples written.</returns>
    public int Flush(Span<float> result)
    {
        int count = FlushCount;
        if (result.Length < count) throw new ArgumentException($"room for {result.Length} samples, expected {count}", nameof(result));
        for (int done = 0; done < count;)
        {
            _window.AsSpan(Size - Hop + _fresh).Clear();
            done += Next(result[done..count]);
        }
        return count;
    }

    /// <summary>Starts a new signal.</summary>
    public void Reset()
    {
        Array.Clear(_window);
        Array.Clear(_sums);
        (_fresh, _received, _given, _made) = (0, 0, 0, 0);
    }

    /// <summary>A stream of the same denoiser and strength at its start.</summary>
    internal DenoiserStream Fresh() => new(_denoiser, (float)_strength);

    /// <summary>What it remembers, for saving and restoring alike.</summary>
    internal void Exchange(StateExchange state)
    {
        double strength = _strength;
        state.Number(ref strength);
        state.Require(strength == _strength, $"a denoiser of strength {strength}, expected {_strength}");
        state.Values(_window);
        foreach (ref double sum in _sums.AsSpan()) state.Number(ref sum);
        state.Number(ref _fresh);
        state.Number(ref _received);
        state.Number(ref _given);
        state.Number(ref _made);
        bool follows = _fresh is >= 0 and < Hop && _received is >= 0 and <= 1L << 48 && (_given == Ready(_received) || _given == _received);
        state.Require(follows && _made is >= 0 and <= 1L << 49, $"a position that no stream reaches");
    }

    private static long Ready(long received) => Math.Max(0, (received / Hop * Hop) - (Size - Hop));

    // One frame further: its first hop is then complete, if it is not of the silence before the first sample.
    private int Next(Span<float> result)
    {
        _frame.Denoise(_window, _denoiser.Bias, _strength, _sums);
        int count = _made >= Size - Hop ? Math.Min(Hop, result.Length) : 0;
        for (int i = 0; i < count; i++) result[i] = (float)_sums[i];
        Array.Copy(_sums, Hop, _sums, 0, Size - Hop);
        Array.Clear(_sums, Size - Hop, Hop);
        Array.Copy(_window, Hop, _window, 0, Size - Hop);
        (_fresh, _made, _given) = (0, _made + Hop, _given + count);
        return count;
    }
}
