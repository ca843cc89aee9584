using FlowVocoder.Compute;
using MathNet.Numerics.Integration;

namespace FlowVocoder.Training.Demo;

/// <summary>
/// Two interleaved half circles of radius 1 with normal noise, the classical test density of the plane (scikit-learn's make_moons), scaled to zero mean and
/// unit variance of each coordinate. Its density is known, so that a model can be compared with the best there is.
/// </summary>
public static class TwoMoons
{
    /// <summary>Standard deviation of the noise, before scaling.</summary>
    public const double Noise = 0.1;

    // Parts of the mixture for each moon: Gauss and Legendre's rule for the integral over the arc, with nodes no further apart than the noise is wide.
    private const int PerMoon = 48;

    private const double MeanX = 0.5, MeanY = 0.25;

    // Variances within a moon and between the moons, of (cos t, sin t) and (1 - cos t, 1/2 - sin t) for t uniform on [0, π], and of the noise.
    private static readonly double s_scaleX = 1 / Math.Sqrt(0.75 + Noise * Noise), s_scaleY = 1 / Math.Sqrt(0.5 - 1 / Math.PI + 1 / 16.0 + Noise * Noise);

    private static readonly (Tensor Weight, Tensor Bias) s_mixture = Mixture();

    /// <summary>Points start … start+count-1 of a stream as [1, 2, count]; those of even index are from the upper moon, the others from the lower.</summary>
    /// <remarks>
    /// A point is a function of (seed, stream, index) alone: a training never runs out of new ones, and test points come from another stream.
    /// </remarks>
    public static Tensor Points(ulong seed, uint stream, long start, int count)
    {
        var random = new Philox(seed);
        var points = new Tensor(1, 2, count);
        Span<float> x = points.Row(0, 0), y = points.Row(0, 1);
        random.Normal(x, stream, 0, start);
        random.Normal(y, stream, 1, start);
        for (int i = 0; i < count; i++)
        {
            var (arcX, arcY) = Arc(Math.PI * random.Uniform(stream, 2, start + i), lower: (start + i) % 2 != 0);
            x[i] = (float)((arcX + Noise * x[i] - MeanX) * s_scaleX);
            y[i] = (float)((arcY + Noise * y[i] - MeanY) * s_scaleY);
        }
        return points;
    }

    /// <summary>Natural logarithm of the density at each step of x [b, 2, t], as [b, 1, t]; differentiable.</summary>
    public static Tensor LogDensity(Ops ops, Tensor x)
    {
        // A mixture of normal densities: log Σ_k exp(l_k), where the logarithm of each part is linear in x and x². As l - log softmax(l) it is the
        // same for every part.
        Tensor parts = ops.Conv1d(ops.Concat(x, ops.Multiply(x, x)), s_mixture.Weight, s_mixture.Bias);
        return ops.Add(ops.Slice(parts, 0, 1), ops.Scale(ops.Slice(ops.LogSoftmax(parts), 0, 1), -1f));
    }

    private static (double X, double Y) Arc(double t, bool lower) => lower ? (1 - Math.Cos(t), 0.5 - Math.Sin(t)) : (Math.Cos(t), Math.Sin(t));

    private static (Tensor Weight, Tensor Bias) Mixture()
    {
        Tensor weight = new(2 * PerMoon, 4, 1), bias = new(1, 2 * PerMoon, 1);
        double varianceX = Math.Pow(Noise * s_scaleX, 2), varianceY = Math.Pow(Noise * s_scaleY, 2);
        double constant = -Math.Log(2 * Math.PI) - 0.5 * Math.Log(varianceX * varianceY);
        var rule = new GaussLegendreRule(0, Math.PI, PerMoon);
        for (int k = 0; k < 2 * PerMoon; k++)
        {
            var (x, y) = Arc(rule.Abscissas[k / 2], lower: k % 2 != 0);
            (x, y) = ((x - MeanX) * s_scaleX, (y - MeanY) * s_scaleY);
            float[] row = [(float)(x / varianceX), (float)(y / varianceY), (float)(-0.5 / varianceX), (float)(-0.5 / varianceY)];
            row.CopyTo(weight.Span[(4 * k)..]);
            bias.Span[k] = (float)(Math.Log(rule.Weights[k / 2] / (2 * Math.PI)) + constant - 0.5 * (x * x / varianceX + y * y / varianceY));
        }
        return (weight, bias);
    }
}
