using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FlowVocoder.Compute.Kernels;

/// <summary>
/// Linear prediction with taps and gain that are constant over blocks, both ways and backwards in time for gradients. Taps are [blocks, order] a_1 …
/// a_order, gains [blocks], the last block may be cut short; all sums are in double.
/// </summary>
internal static class PredictionRecursion
{
    /// <summary>e_t = (x_t − Σ_k a_k·x_{t−k}) / g_t. The history, [order] oldest first, is replaced by the last samples of x; e may be x.</summary>
    public static void Analyze(ReadOnlySpan<float> x, ReadOnlySpan<float> a, ReadOnlySpan<float> g, int order, int blockSize, Span<float> history,
        Span<float> e)
    {
        Span<double> line = order + blockSize <= 512 ? stackalloc double[order + blockSize] : new double[order + blockSize];
        Span<double> sum = blockSize <= 512 ? stackalloc double[blockSize] : new double[blockSize];
        Load(history, line);
        for (int block = 0, from = 0; from < x.Length; block++, from += blockSize)
        {
            int n = Math.Min(blockSize, x.Length - from);
            Load(x.Slice(from, n), line[order..]);
            line.Slice(order, n).CopyTo(sum);
            ReadOnlySpan<float> taps = a.Slice(block * order, order);
            for (int k = 0; k < order; k++) Accumulate(sum[..n], -taps[k], line.Slice(order - 1 - k, n));
            double gain = g[block];
            for (int t = 0; t < n; t++) e[from + t] = (float)(sum[t] / gain);
            line.Slice(n, order).CopyTo(line);
        }
        Store(line, history);
    }

    /// <summary>x_t = g_t·e_t + Σ_k a_k·x_{t−k}, with the history of <see cref="Analyze"/>; x may be e.</summary>
    public static void Synthesize(ReadOnlySpan<float> e, ReadOnlySpan<float> a, ReadOnlySpan<float> g, int order, int blockSize, Span<float> history,
        Span<float> x)
    {
        // [history | block], so that every sum reads one contiguous run, and small enough to stay in the first-level cache.
        Span<double> line = order + blockSize <= 512 ? stackalloc double[order + blockSize] : new double[order + blockSize];
        Span<double> taps = order <= 128 ? stackalloc double[order] : new double[order];
        Load(history, line);
        for (int block = 0, from = 0; from < e.Length; block++, from += blockSize)
        {
            int n = Math.Min(blockSize, e.Length - from);
            Reverse(a.Slice(block * order, order), taps);
            double gain = g[block], newestTap = taps[order - 1], newest = line[order - 1];
            for (int t = 0; t < n; t++)
            {
                // The recursion goes on from the rounded sample, because that is what a stream carries over and what Analyze sees.
                float y = (float)Math.FusedMultiplyAdd(newestTap, newest, Sum(gain * e[from + t], taps[..^1], line.Slice(t, order - 1)));
                x[from + t] = y;
                line[order + t] = newest = y;
            }
            line.Slice(n, order).CopyTo(line);
        }
        Store(line, history);
    }

    /// <summary>Adds to de the gradient of e, given that of x: λ_t = dx_t + Σ_k a_k(t + k)·λ_{t+k}, de_t = g_t·λ_t, the same recursion run backwards.</summary>
    public static void SynthesizeGradient(ReadOnlySpan<float> dx, ReadOnlySpan<float> a, ReadOnlySpan<float> g, int order, int blockSize, Span<float> de)
    {
        // λ as far as later samples have told, with room for what leaves at the front.
        var line = new double[order + dx.Length];
        Load(dx, line.AsSpan(order));
        Span<double> taps = order <= 128 ? stackalloc double[order] : new double[order];
        for (int block = (dx.Length - 1) / blockSize; block >= 0; block--)
        {
            Reverse(a.Slice(block * order, order), taps);
            for (int t = Math.Min(dx.Length, (block + 1) * blockSize) - 1; t >= block * blockSize; t--)
            {
                double lambda = line[order + t];
                de[t] += (float)(g[block] * lambda);
                Accumulate(line.AsSpan(t, order), lambda, taps);
            }
        }
    }

    /// <summary>Adds to dx the gradient of x, given that of e: dx_t = de_t/g_t − Σ_k a_k(t + k)·de_{t+k}/g_{t+k}.</summary>
    public static void AnalyzeGradient(ReadOnlySpan<float> de, ReadOnlySpan<float> a, ReadOnlySpan<float> g, int order, int blockSize, Span<float> dx)
    {
        var line = new double[order + de.Length];
        Span<double> scaled = blockSize <= 512 ? stackalloc double[blockSize] : new double[blockSize];
        for (int block = 0, from = 0; from < de.Length; block++, from += blockSize)
        {
            int n = Math.Min(blockSize, de.Length - from);
            for (int t = 0; t < n; t++) scaled[t] = de[from + t] / (double)g[block];
            Accumulate(line.AsSpan(order + from, n), 1, scaled);
            for (int k = 1; k <= order; k++) Accumulate(line.AsSpan(order + from - k, n), -a[block * order + k - 1], scaled);
        }
        for (int t = 0; t < dx.Length; t++) dx[t] += (float)line[order + t];
    }

    // The oldest taps eight at once. The newest come last and one by one: little then waits for the sample before, where a vector would wait until
    // all that it reads, stored sample by sample, is in the cache.
    private static double Sum(double excitation, ReadOnlySpan<double> taps, ReadOnlySpan<double> past)
    {
        const int Newest = 7;
        Vector512<double> old = default;
        int k = 0;
        for (; k + Vector512<double>.Count + Newest <= taps.Length; k += Vector512<double>.Count)
            old = Vector512.FusedMultiplyAdd(Vector512.Create(taps[k..]), Vector512.Create(past[k..]), old);
        double sum = excitation + Vector512.Sum(old);
        for (; k < taps.Length; k++) sum = Math.FusedMultiplyAdd(taps[k], past[k], sum);
        return sum;
    }

    // sum += tap·x
    private static void Accumulate(Span<double> sum, double tap, ReadOnlySpan<double> x)
    {
        ref double s = ref MemoryMarshal.GetReference(sum);
        ref double v = ref MemoryMarshal.GetReference(x);
        int t = 0;
        for (; t <= sum.Length - Vector<double>.Count; t += Vector<double>.Count)
        {
            Vector<double> part = Vector.FusedMultiplyAdd(new Vector<double>(tap), Vector.LoadUnsafe(ref v, (nuint)t), Vector.LoadUnsafe(ref s, (nuint)t));
            part.StoreUnsafe(ref s, (nuint)t);
        }
        for (; t < sum.Length; t++) sum[t] = Math.FusedMultiplyAdd(tap, x[t], sum[t]);
    }

    // Oldest sample first, as in the line.
    private static void Reverse(ReadOnlySpan<float> a, Span<double> taps)
    {
        for (int k = 0; k < a.Length; k++) taps[a.Length - 1 - k] = a[k];
    }

    private static void Load(ReadOnlySpan<float> from, Span<double> to)
    {
        for (int i = 0; i < from.Length; i++) to[i] = from[i];
    }

    private static void Store(ReadOnlySpan<double> line, Span<float> history)
    {
        for (int i = 0; i < history.Length; i++) history[i] = (float)line[i];
    }
}
