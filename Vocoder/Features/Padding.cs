namespace FlowVocoder.Features;

/// <summary>Extensions of a signal beyond its ends, for frames that reach over them.</summary>
public static class Padding
{
    /// <summary>
    /// Copies a stretch of the signal, mirrored at its first and last sample without repeating them,
    /// as numpy.pad(mode="reflect") and torch extend it. Where the stretch reaches further than the signal is long,
    /// the mirror image is mirrored again, as numpy does (torch refuses); a single sample is repeated.
    /// </summary>
    /// <param name="signal">[n] samples, n ≥ 1.</param>
    /// <param name="start">Index in the signal of the first sample to copy; negative for a stretch that begins in the padding.</param>
    /// <param name="stretch">Receives the samples start, start + 1, ….</param>
    /// <exception cref="ArgumentException">The signal is empty.</exception>
    public static void Reflect(ReadOnlySpan<float> signal, int start, Span<double> stretch)
    {
        if (signal.IsEmpty) throw new ArgumentException("an empty signal cannot be mirrored", nameof(signal));
        Reflect(signal, 0, signal.Length, start, stretch);
    }

    /// <summary>The same where only a part of the signal is at hand.</summary>
    /// <param name="part">Consecutive samples of the signal.</param>
    /// <param name="partStart">Index in the signal of the first of them.</param>
    /// <param name="length">Length of the whole signal, at least 1.</param>
    /// <param name="start">Index in the signal of the first sample to copy; negative for a stretch that begins in the padding.</param>
    /// <param name="stretch">Receives the samples start, start + 1, …; the part must hold all that they are mirror images of.</param>
    internal static void Reflect(ReadOnlySpan<float> part, long partStart, long length, long start, Span<double> stretch)
    {
        for (int i = 0; i < stretch.Length; i++)
            stretch[i] = part[(int)(MirroredIndex(start + i, length) - partStart)];
    }

    /// <summary>The same with what a recipe puts beyond the ends.</summary>
    internal static void Extend(MelPadding padding, ReadOnlySpan<float> part, long partStart, long length, long start, Span<double> stretch)
    {
        if (padding == MelPadding.Reflect)
        {
            Reflect(part, partStart, length, start, stretch);
            return;
        }
        for (int i = 0; i < stretch.Length; i++)
            stretch[i] = start + i < 0 || start + i >= length ? 0 : part[(int)(start + i - partStart)];
    }

    private static long MirroredIndex(long i, long n)
    {
        if ((ulong)i < (ulong)n) return i;
        if (n == 1) return 0;
        long period = 2 * (n - 1);
        i = ((i % period) + period) % period;
        return i < n ? i : period - i;
    }
}
