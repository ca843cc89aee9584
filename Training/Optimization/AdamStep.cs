using System.Numerics;

namespace FlowVocoder.Training.Optimization;

/// <summary>The numbers of one update of <see cref="Adam"/>, and the update. Every element takes the same roundings whatever the width of a vector.</summary>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="Rate">Learning rate over the correction of the first moment.</param>
/// <param name="Correction">Correction of the root of the second moment.</param>
/// <param name="Decay">Factor of the weights.</param>
/// <param name="Clip">Factor of the gradient.</param>
internal readonly record struct AdamStep(float Beta1, float Beta2, float Epsilon, float Rate, float Correction, float Decay, float Clip)
{
    /// <summary>Updates weights and moments of equal length.</summary>
    public void Update(Span<float> w, ReadOnlySpan<float> gradient, Span<float> first, Span<float> second)
    {
        int i = 0, width = Vector<float>.Count;
        for (; i + width <= w.Length; i += width)
        {
            Vector<float> d = new Vector<float>(gradient[i..]) * Clip;
            Vector<float> m = Beta1 * new Vector<float>(first[i..]) + (1 - Beta1) * d, v = Beta2 * new Vector<float>(second[i..]) + (1 - Beta2) * d * d;
            m.CopyTo(first[i..]);
            v.CopyTo(second[i..]);
            (Decay * new Vector<float>(w[i..]) - Rate * m / (Vector.SquareRoot(v) * Correction + new Vector<float>(Epsilon))).CopyTo(w[i..]);
        }
        for (; i < w.Length; i++)
        {
            float d = gradient[i] * Clip;
            first[i] = Beta1 * first[i] + (1 - Beta1) * d;
            second[i] = Beta2 * second[i] + (1 - Beta2) * d * d;
            w[i] = Decay * w[i] - Rate * first[i] / (MathF.Sqrt(second[i]) * Correction + Epsilon);
        }
    }
}
