using System.Numerics;

namespace FlowVocoder.Features;

/// <summary>
/// The harmonics of a fundamental, band by band: Σ_k w_k·cos kφ and Σ_k w_k·sin kφ over the harmonics of each band. Harmonic k stands for the frequencies from
/// (k - ½)·F0 to (k + ½)·F0, and w_k is the part of them that lies in the band, so that none appears or changes its band at once as F0 moves.
/// </summary>
internal static class HarmonicBands
{
    /// <summary>Writes the bands of consecutive samples.</summary>
    /// <param name="phase">φ of each sample, radians.</param>
    /// <param name="hz">F0 of all of them, above 0.</param>
    /// <param name="edges">The upper edge of each band in Hz, ascending; the first begins at 0.</param>
    /// <param name="amplitude">Factor.</param>
    /// <param name="bands">[2 · bands, samples] receives cosines and sines of the first band, then those of the next, ….</param>
    public static void Write(ReadOnlySpan<float> phase, float hz, ReadOnlySpan<float> edges, float amplitude, Span<float> bands)
    {
        int samples = phase.Length, t = 0;
        bands.Clear();
        Span<float> cos = stackalloc float[Vector<float>.Count], sin = stackalloc float[Vector<float>.Count];
        for (; t + Vector<float>.Count <= samples; t += Vector<float>.Count)
        {
            for (int i = 0; i < cos.Length; i++) (sin[i], cos[i]) = MathF.SinCos(phase[t + i]);
            Vector<float> cos1 = new(cos), sin1 = new(sin), cosK = cos1, sinK = sin1;
            int band = 0;
            for (int k = 1; band < edges.Length; k++)
            {
                Advance(k, hz, edges, ref band, out int first);
                for (int b = first; b <= band && b < edges.Length; b++)
                {
                    var weight = new Vector<float>(amplitude * Part(k, hz, edges, b));
                    Span<float> c = bands[((2 * b * samples) + t)..], s = bands[(((2 * b + 1) * samples) + t)..];
                    Vector.FusedMultiplyAdd(cosK, weight, new Vector<float>(c)).CopyTo(c);
                    Vector.FusedMultiplyAdd(sinK, weight, new Vector<float>(s)).CopyTo(s);
                }
                // (cos + i·sin)^(k + 1)
                (cosK, sinK) = (Vector.FusedMultiplyAdd(cosK, cos1, -(sinK * sin1)), Vector.FusedMultiplyAdd(sinK, cos1, cosK * sin1));
            }
        }
        // The same steps one by one.
        for (; t < samples; t++)
        {
            var (sin1, cos1) = MathF.SinCos(phase[t]);
            float cosK = cos1, sinK = sin1;
            int band = 0;
            for (int k = 1; band < edges.Length; k++)
            {
                Advance(k, hz, edges, ref band, out int first);
                for (int b = first; b <= band && b < edges.Length; b++)
                {
                    float weight = amplitude * Part(k, hz, edges, b);
                    ref float c = ref bands[(2 * b * samples) + t], s = ref bands[((2 * b + 1) * samples) + t];
                    (c, s) = (MathF.FusedMultiplyAdd(cosK, weight, c), MathF.FusedMultiplyAdd(sinK, weight, s));
                }
                (cosK, sinK) = (MathF.FusedMultiplyAdd(cosK, cos1, -(sinK * sin1)), MathF.FusedMultiplyAdd(sinK, cos1, cosK * sin1));
            }
        }
    }

    // From the band that harmonic k - 1 ended in to the one that k ends in; beyond the last none is left.
    private static void Advance(int k, float hz, ReadOnlySpan<float> edges, ref int band, out int first)
    {
        first = band;
        while (band < edges.Length && (k + 0.5f) * hz >= edges[band]) band++;
    }

    private static float Part(int k, float hz, ReadOnlySpan<float> edges, int band)
    {
        float low = Math.Max((k - 0.5f) * hz, band == 0 ? 0 : edges[band - 1]), high = Math.Min((k + 0.5f) * hz, edges[band]);
        return Math.Max(0, high - low) / hz;
    }
}
