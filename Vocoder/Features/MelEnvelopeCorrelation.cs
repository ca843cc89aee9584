using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FlowVocoder.Features;

/// <summary>
/// The first lags of the autocorrelation of a power spectrum (Wiener–Khinchin), as one product with a matrix of cosines:
/// r_l = (1/M)·Σ_{k=0}^{M−1} P_k·cos(2πkl/M), with M = 2·(points − 1) and P_{M−k} = P_k. For 25 lags of 257 points this costs less than an FFT.
/// As cos(2π(M/2 − k)l/M) = (−1)^l·cos(2πkl/M), even lags need only the sums P_k + P_{M/2−k} and odd ones the differences.
/// In double, because the valleys of a speech spectrum lie 60 dB below its mean, where sums in float leave little.
/// </summary>
internal sealed class MelEnvelopeCorrelation
{
    // Lags that are summed side by side: as many chains hide the latency of the multiply-adds.
    private const int Chains = 4;
    private readonly int _stride, _folded;
    // [folded points, even lags padded to whole groups of chains], and the same for odd lags.
    private readonly double[] _even, _odd;
    private Vector256<double>[] _sums, _differences;

    /// <summary>Prepares the matrix.</summary>
    /// <param name="points">Points of the spectrum, 4n + 1.</param>
    /// <param name="lags">Lags 0 … lags − 1.</param>
    /// <param name="whiteNoise">Added to r_0, relative to it.</param>
    /// <param name="smoothing">Standard deviation in radians a sample of the Gaussian that the spectrum is smoothed with, as a window on the lags; 0 for
    /// none.</param>
    public MelEnvelopeCorrelation(int points, int lags, double whiteNoise, double smoothing = 0)
    {
        int size = 2 * (points - 1);
        _stride = (((lags + 1) / 2) + Chains - 1) / Chains * Chains;
        _folded = (size / 4) + 1;
        (_even, _odd) = (new double[_folded * _stride], new double[_folded * _stride]);
        (_sums, _differences) = (new Vector256<double>[_folded], new Vector256<double>[_folded]);
        for (int k = 0; k < _folded; k++)
            for (int l = 0; l < lags; l++)
            {
                double scale = (k == 0 ? 1.0 : 2.0) / size * (l == 0 ? 1 + whiteNoise : Math.Exp(-0.5 * smoothing * smoothing * l * l));
                // The product is reduced first, so that the angle is exact.
                (l % 2 == 0 ? _even : _odd)[(k * _stride) + (l / 2)] = scale * Math.Cos(2 * Math.PI * ((long)k * l % size) / size);
            }
    }

    /// <summary>The same matrix for another thread.</summary>
    public MelEnvelopeCorrelation Copy()
    {
        var copy = (MelEnvelopeCorrelation)MemberwiseClone();
        (copy._sums, copy._differences) = (new Vector256<double>[_folded], new Vector256<double>[_folded]);
        return copy;
    }

    /// <summary>Writes the autocorrelations of four spectra, one in each lane.</summary>
    /// <param name="power">[points] the power spectra.</param>
    /// <param name="r">[lags] receives the autocorrelations.</param>
    public void Compute(ReadOnlySpan<Vector128<float>> power, Span<Vector256<double>> r)
    {
        int last = power.Length - 1, middle = _folded - 1;
        for (int k = 0; k < middle; k++)
        {
            Vector256<double> low = Widen(power[k]), high = Widen(power[last - k]);
            (_sums[k], _differences[k]) = (low + high, low - high);
        }
        // The middle stands alone; its odd cosines are 0.
        (_sums[middle], _differences[middle]) = (Widen(power[middle]), default);
        Multiply(_sums, _even, r, 0);
        Multiply(_differences, _odd, r, 1);
    }

    // Every second lag from the first on.
    private void Multiply(ReadOnlySpan<Vector256<double>> folded, double[] cosines, Span<Vector256<double>> r, int firstLag)
    {
        for (int group = 0; firstLag + (2 * group) < r.Length; group += Chains)
        {
            ref double cosine = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(cosines), group);
            Vector256<double> s0 = default, s1 = default, s2 = default, s3 = default;
            foreach (Vector256<double> p in folded)
            {
                s0 = Vector256.FusedMultiplyAdd(p, Vector256.Create(cosine), s0);
                s1 = Vector256.FusedMultiplyAdd(p, Vector256.Create(Unsafe.Add(ref cosine, 1)), s1);
                s2 = Vector256.FusedMultiplyAdd(p, Vector256.Create(Unsafe.Add(ref cosine, 2)), s2);
                s3 = Vector256.FusedMultiplyAdd(p, Vector256.Create(Unsafe.Add(ref cosine, 3)), s3);
                cosine = ref Unsafe.Add(ref cosine, _stride);
            }
            ReadOnlySpan<Vector256<double>> sums = [s0, s1, s2, s3];
            for (int i = 0, lag = firstLag + (2 * group); i < Chains && lag < r.Length; i++, lag += 2)
                r[lag] = sums[i];
        }
    }

    private static Vector256<double> Widen(Vector128<float> x)
    {
        var (low, high) = Vector128.Widen(x);
        return Vector256.Create(low, high);
    }
}
