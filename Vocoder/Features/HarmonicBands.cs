using System.Buffers;
using System.Numerics;
using FlowVocoder.Compute;

namespace FlowVocoder.Features;

/// <summary>
/// The harmonics of a fundamental, band by band: Σ_k w_k·cos kφ and Σ_k w_k·sin kφ over the harmonics of each band. Harmonic k stands for the
/// frequencies from (k - ½)·F0 to (k + ½)·F0, and w_k is the part of them that lies in the band, so that none appears or changes its band at once as F0 moves.
/// </summary>
internal static class HarmonicBands
{
    /// <summary>Writes the bands of consecutive samples.</summary>
    /// <param name="phase">φ of each sample, radians.</param>
    /// <param name="hz">F0 of all of them, above 0.</param>
    /// <param name="edges">The upper edge of each band in Hz, ascending; the first begins at 0.</param>
    /// <param name="amplitude">Factor.</param>
    /// <param name="bands">[batch, 2 · bands, time] receives cosines and sines of the first band, then those of the next, ….</param>
    /// <param name="batch">Batch item to write.</param>
    /// <param name="first">Time of the first sample.</param>
    public static void Write(ReadOnlySpan<float> phase, float hz, ReadOnlySpan<float> edges, float amplitude, Tensor bands, int batch, int first)
    {
        // Each harmonic once, and once more for each edge that it lies on.
        Term[] rented = ArrayPool<Term>.Shared.Rent((int)(edges[^1] / hz) + 2 + edges.Length);
        ReadOnlySpan<Term> terms = rented.AsSpan(0, Terms(hz, edges, amplitude, rented));
        // Bands below half the fundamental have none.
        if (edges[0] <= hz / 2)
            for (int row = 0; row < bands.Channels; row++) bands.Row(batch, row).Slice(first, phase.Length).Clear();
        int lanes = Vector<float>.Count;
        Span<float> few = stackalloc float[lanes];
        for (int t = 0; t < phase.Length; t += lanes)
        {
            int count = Math.Min(lanes, phase.Length - t);
            phase.Slice(t, count).CopyTo(few);
            Write(new Vector<float>(few), terms, bands, batch, first + t, count);
        }
        ArrayPool<Term>.Shared.Return(rented);
    }

    // w_k of one harmonic in one band.
    private readonly record struct Term(int Harmonic, int Band, float Weight);

    // By band and harmonic, ascending both.
    private static int Terms(float hz, ReadOnlySpan<float> edges, float amplitude, Span<Term> terms)
    {
        int count = 0;
        for (int k = 1, band = 0; band < edges.Length; k++)
        {
            // What ends in this band begins here or in one below it.
            for (; band < edges.Length; band++)
            {
                float low = Math.Max((k - 0.5f) * hz, band == 0 ? 0 : edges[band - 1]), high = Math.Min((k + 0.5f) * hz, edges[band]);
                if (high > low) terms[count++] = new Term(k, band, amplitude * (high - low) / hz);
                if ((k + 0.5f) * hz < edges[band]) break;
            }
        }
        return count;
    }

    private static void Write(Vector<float> phase, ReadOnlySpan<Term> terms, Tensor bands, int batch, int t, int count)
    {
        var (sin1, cos1) = Vector.SinCos(phase);
        Vector<float> cosK = cos1, sinK = sin1, cosines = default, sines = default;
        int k = 1;
        for (int i = 0; i < terms.Length; i++)
        {
            // (cos + i·sin)^k
            for (; k < terms[i].Harmonic; k++)
                (cosK, sinK) = (Vector.FusedMultiplyAdd(cosK, cos1, -(sinK * sin1)), Vector.FusedMultiplyAdd(sinK, cos1, cosK * sin1));
            var weight = new Vector<float>(terms[i].Weight);
            (cosines, sines) = (Vector.FusedMultiplyAdd(cosK, weight, cosines), Vector.FusedMultiplyAdd(sinK, weight, sines));
            int band = terms[i].Band;
            if (i + 1 < terms.Length && terms[i + 1].Band == band) continue;
            Store(cosines, bands.Row(batch, 2 * band).Slice(t, count));
            Store(sines, bands.Row(batch, 2 * band + 1).Slice(t, count));
            (cosines, sines) = (default, default);
        }
    }

    private static void Store(Vector<float> values, Span<float> target)
    {
        if (target.Length == Vector<float>.Count) values.CopyTo(target);
        else for (int i = 0; i < target.Length; i++) target[i] = values[i];
    }
}
