using System.Runtime.Intrinsics;
using FlowVocoder.Features;
using MathNet.Numerics.LinearAlgebra;

namespace FlowVocoder.Tests.Features;

public class LinearPredictionTests
{
    [Fact]
    public void Levinson_solves_the_Toeplitz_system()
    {
        const int order = 24;
        double[] r = Autocorrelation(ResonantNoise(4000, seed: 1), order + 1);
        double[] a = new double[order];
        double error = LinearPrediction.LevinsonDurbin(r, a);

        Matrix<double> toeplitz = Matrix<double>.Build.Dense(order, order, (i, j) => r[Math.Abs(i - j)]);
        Vector<double> direct = toeplitz.Solve(Vector<double>.Build.Dense(r[1..]));
        for (int k = 0; k < order; k++)
            Assert.Equal(direct[k], a[k], 1e-8);
        double power = r[0];
        for (int k = 0; k < order; k++)
            power -= direct[k] * r[k + 1];
        Assert.Equal(power, error, 1e-8 * r[0]);
    }

    [Fact]
    public void Levinson_finds_the_taps_of_an_autoregressive_process()
    {
        // AR(2) x_t = 1.5·x_{t−1} − 0.8·x_{t−2} + e_t: the Yule–Walker equations give r_1/r_0 = 1.5/1.8 and r_{k} = 1.5·r_{k−1} − 0.8·r_{k−2}.
        double[] r = new double[7];
        (r[0], r[1]) = (1, 1.5 / 1.8);
        for (int k = 2; k < r.Length; k++)
            r[k] = (1.5 * r[k - 1]) - (0.8 * r[k - 2]);
        double[] a = new double[6];
        double error = LinearPrediction.LevinsonDurbin(r, a);
        Assert.Equal([1.5, -0.8, 0, 0, 0, 0], a.Select(v => Math.Round(v, 10) + 0.0));
        Assert.Equal(1 - (1.5 * r[1]) + (0.8 * r[2]), error, 1e-12);
    }

    [Fact]
    public void Silence_has_no_predictor_and_no_error()
    {
        double[] a = [1, 2, 3];
        Assert.Equal(0, LinearPrediction.LevinsonDurbin([0, 0, 0, 0], a));
        Assert.Equal([0, 0, 0], a);
    }

    [Fact]
    public void Four_side_by_side_are_as_each_alone()
    {
        // Silence, an exactly predicted sinusoid and two of noise: where one recursion ends, the others go on.
        double[][] r = [Autocorrelation(ResonantNoise(500, seed: 2), 9), new double[9], [.. Enumerable.Range(0, 9).Select(k => Math.Cos(0.3 * k))],
            Autocorrelation(ResonantNoise(500, seed: 4), 9)];
        var a = new Vector256<double>[8];
        Vector256<double> error = LinearPrediction.LevinsonDurbin(
            [.. Enumerable.Range(0, 9).Select(l => Vector256.Create(r[0][l], r[1][l], r[2][l], r[3][l]))], a);
        for (int lane = 0; lane < 4; lane++)
        {
            double[] alone = new double[8];
            Assert.Equal(LinearPrediction.LevinsonDurbin(r[lane], alone), error[lane]);
            Assert.Equal(alone, a.Select(v => v[lane]));
        }
        Assert.All(a.Skip(2), v => Assert.Equal(0, v[1]));
        Assert.NotEqual(0, a[7][3]);
    }

    [Fact]
    public void An_autocorrelation_of_the_wrong_length_is_refused() =>
        Assert.Throws<ArgumentException>(() => LinearPrediction.LevinsonDurbin([1, 0.5], new double[2]));

    internal static double[] Autocorrelation(float[] x, int lags)
    {
        double[] r = new double[lags];
        for (int l = 0; l < lags; l++)
            for (int t = l; t < x.Length; t++)
                r[l] += (double)x[t] * x[t - l];
        return r;
    }

    /// <summary>White noise of variance 0.01 through two resonances (at 0.05 and 0.18 of the sample rate): a speech-like spectrum.</summary>
    internal static float[] ResonantNoise(int samples, int seed)
    {
        var random = new Random(seed);
        float[] x = new float[samples];
        foreach (ref float v in x.AsSpan())
            v = (float)(0.1 * Gaussian(random));
        Resonate(x, 0.97, 0.05);
        Resonate(x, 0.9, 0.18);
        return x;
    }

    internal static void Resonate(Span<float> x, double radius, double frequency)
    {
        double a1 = 2 * radius * Math.Cos(2 * Math.PI * frequency), a2 = -radius * radius, y1 = 0, y2 = 0;
        foreach (ref float v in x)
        {
            double y = ((1 - radius) * v) + (a1 * y1) + (a2 * y2);
            (y2, y1, v) = (y1, y, (float)y);
        }
    }

    internal static double Gaussian(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
