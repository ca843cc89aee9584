using System.Numerics;
using System.Runtime.InteropServices;

namespace FlowVocoder.Features;

/// <summary>
/// The first lags of the autocorrelation of a power spectrum (Wiener–Khinchin), as one product with a matrix of cosines:
/// r_l = (1/M)·Σ_{k=0}^{M−1} P_k·cos(2πkl/M), with M = 2·(points − 1) and P_{M−k} = P_k. For 25 lags of 257 points this costs less than an FFT.
/// As cos(2π(M/2 − k)l/M) = (−1)^l·cos(2πkl/M), even lags need only the sums P_k + P_{M/2−k} and odd ones the differences.
/// In double, because the valleys of a speech spectrum lie 60 dB below its mean, where sums in float leave little.
/// Each lag is summed over the points in one order, whatever the width of a vector.
/// </summary>
internal sealed class MelEnvelopeCorrelation
{
    private readonly int _lags, _stride, _folded;
    // [folded points, even lags padded to whole vectors], and the same for odd lags.
    private readonly double[] _even, _odd;
    private readonly double[] _sums, _differences, _result;

    /// <summary>Prepares the matrix.</summary>
    /// <param name="points">Points of the spectrum, 4n + 1.</param>
    /// <param name="lags">Lags 0 … lags − 1.</param>
    /// <param name="whiteNoise">Added to r_0, relative to it.</param>
    public MelEnvelopeCorrelation(int points, int lags, double whiteNoise)
    {
        int size = 2 * (points - 1), width = Vector<double>.Count;
        _lags = lags;
        _stride = (((lags + 1) / 2) + width - 1) / width * width;
        _folded = (size / 4) + 1;
        (_even, _odd) = (new double[_folded * _stride], new double[_folded * _stride]);
        (_sums, _differences, _result) = (new double[_folded], new double[_folded], new double[_stride]);
        for (int k = 0; k < _folded; k++)
            for (int l = 0; l < lags; l++)
            {
                double scale = (k == 0 ? 1.0 : 2.0) / size * (l == 0 ? 1 + whiteNoise : 1);
                // The product is reduced first, so that the angle is exact.
                (l % 2 == 0 ? _even : _odd)[(k * _stride) + (l / 2)] = scale * Math.Cos(2 * Math.PI * ((long)k * l % size) / size);
            }
    }

    /// <summary>Writes the autocorrelation.</summary>
    /// <param name="power">[points] the power spectrum.</param>
    /// <param name="r">[lags] receives the autocorrelation.</param>
    public void Compute(ReadOnlySpan<float> power, Span<double> r)
    {
        int last = power.Length - 1, middle = _folded - 1;
        for (int k = 0; k < middle; k++)
        {
            double low = power[k], high = power[last - k];
            (_sums[k], _differences[k]) = (low + high, low - high);
        }
        // The middle stands alone; its odd cosines are 0.
        (_sums[middle], _differences[middle]) = (power[middle], 0);
        Multiply(_sums, _even);
        for (int l = 0; l < _lags; l += 2)
            r[l] = _result[l / 2];
        Multiply(_differences, _odd);
        for (int l = 1; l < _lags; l += 2)
            r[l] = _result[l / 2];
    }

    private void Multiply(double[] folded, double[] cosines)
    {
        ref double matrix = ref MemoryMarshal.GetArrayDataReference(cosines);
        for (int lag = 0; lag < _stride; lag += Vector<double>.Count)
        {
            // Four chains hide the latency of the multiply-adds.
            Vector<double> s0 = default, s1 = default, s2 = default, s3 = default;
            int k = 0;
            for (; k + 3 < folded.Length; k += 4)
            {
                nuint at = (nuint)((k * _stride) + lag), row = (nuint)_stride;
                s0 = Vector.FusedMultiplyAdd(new Vector<double>(folded[k]), Vector.LoadUnsafe(ref matrix, at), s0);
                s1 = Vector.FusedMultiplyAdd(new Vector<double>(folded[k + 1]), Vector.LoadUnsafe(ref matrix, at + row), s1);
                s2 = Vector.FusedMultiplyAdd(new Vector<double>(folded[k + 2]), Vector.LoadUnsafe(ref matrix, at + (2 * row)), s2);
                s3 = Vector.FusedMultiplyAdd(new Vector<double>(folded[k + 3]), Vector.LoadUnsafe(ref matrix, at + (3 * row)), s3);
            }
            for (; k < folded.Length; k++)
                s0 = Vector.FusedMultiplyAdd(new Vector<double>(folded[k]), Vector.LoadUnsafe(ref matrix, (nuint)((k * _stride) + lag)), s0);
            ((s0 + s1) + (s2 + s3)).StoreUnsafe(ref _result[lag]);
        }
    }
}
