namespace FlowVocoder.Features;

/// <summary>Extensions of a signal beyond its ends, before it is cut into frames.</summary>
public static class Padding
{
    /// <summary>
    /// Mirrors the signal at its first and last sample without repeating them, as numpy.pad(mode="reflect") and torch do.
    /// Where the padding is longer than the signal the mirror image is mirrored again, as numpy does (torch refuses);
    /// a single sample is repeated.
    /// </summary>
    /// <param name="signal">[n] samples, n ≥ 1.</param>
    /// <param name="before">Samples to put before, ≥ 0.</param>
    /// <param name="padded">[m] receives the padded signal, m ≥ before + n; the rest goes behind.</param>
    /// <exception cref="ArgumentException">The signal is empty or does not fit.</exception>
    public static void Reflect(ReadOnlySpan<float> signal, int before, Span<double> padded)
    {
        if (signal.IsEmpty || before < 0 || padded.Length < before + signal.Length)
            throw new ArgumentException($"{signal.Length} samples with {before} before them do not fit {padded.Length}");
        for (int i = 0; i < padded.Length; i++)
            padded[i] = signal[MirroredIndex(i - before, signal.Length)];
    }

    private static int MirroredIndex(int i, int n)
    {
        if ((uint)i < (uint)n) return i;
        if (n == 1) return 0;
        int period = 2 * (n - 1);
        i = ((i % period) + period) % period;
        return i < n ? i : period - i;
    }
}
