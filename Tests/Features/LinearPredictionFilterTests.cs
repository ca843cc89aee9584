using FlowVocoder.Features;
using MathNet.Numerics.LinearAlgebra;

namespace FlowVocoder.Tests.Features;

public class LinearPredictionFilterTests
{
    private const int Order = 24, BlockSize = 64;
    private readonly LinearPredictionFilter _filter = new(Order, BlockSize);

    [Fact]
    public void Both_directions_equal_naive_loops_and_undo_each_other()
    {
        float[] x = LinearPredictionTests.ResonantNoise(5 * BlockSize + 17, seed: 2);
        (float[] a, float[] g) = Predictors(x, 6, Order, BlockSize);
        float[] e = new float[x.Length], back = new float[x.Length];
        _filter.Analyze(x, a, g, new float[Order], e);
        _filter.Synthesize(e, a, g, new float[Order], back);
        for (int t = 0; t < x.Length; t++)
        {
            double residual = x[t];
            for (int k = 1; k <= Order && k <= t; k++)
                residual -= a[(t / BlockSize * Order) + k - 1] * (double)x[t - k];
            Assert.Equal(residual / g[t / BlockSize], e[t], 1e-5);
            Assert.Equal(x[t], back[t], 1e-6);
        }
    }

    [Theory]
    [InlineData(24, 64)]
    [InlineData(3, 10)]
    [InlineData(16, 5)]
    [InlineData(1, 1)]
    public void Chunks_cut_at_borders_of_blocks_change_no_bit(int order, int blockSize)
    {
        var filter = new LinearPredictionFilter(order, blockSize);
        const int blocks = 13;
        float[] x = LinearPredictionTests.ResonantNoise(blocks * blockSize, seed: 3);
        (float[] a, float[] g) = Predictors(x, blocks, order, blockSize);
        float[] e = new float[x.Length], y = new float[x.Length];
        filter.Analyze(x, a, g, new float[order], e);
        filter.Synthesize(e, a, g, new float[order], y);

        float[] pastX = new float[order], pastY = new float[order], e2 = new float[x.Length], y2 = new float[x.Length];
        var random = new Random(4);
        for (int block = 0; block < blocks;)
        {
            int n = Math.Min(random.Next(1, 5), blocks - block);
            Range span = (block * blockSize)..((block + n) * blockSize);
            filter.Analyze(x.AsSpan(span), a.AsSpan(block * order), g.AsSpan(block), pastX, e2.AsSpan(span));
            filter.Synthesize(e.AsSpan(span), a.AsSpan(block * order), g.AsSpan(block), pastY, y2.AsSpan(span));
            block += n;
        }
        Assert.Equal(e, e2);
        Assert.Equal(y, y2);
    }

    [Fact]
    public void In_place_is_the_same()
    {
        float[] x = LinearPredictionTests.ResonantNoise(3 * BlockSize, seed: 5);
        (float[] a, float[] g) = Predictors(x, 3, Order, BlockSize);
        float[] e = new float[x.Length], y = new float[x.Length], inPlace = [.. x];
        _filter.Analyze(x, a, g, new float[Order], e);
        _filter.Synthesize(e, a, g, new float[Order], y);
        _filter.Analyze(inPlace, a, g, new float[Order], inPlace);
        Assert.Equal(e, inPlace);
        _filter.Synthesize(inPlace, a, g, new float[Order], inPlace);
        Assert.Equal(y, inPlace);
    }

    [Fact]
    public void The_log_determinant_is_that_of_the_numerical_Jacobian()
    {
        var filter = new LinearPredictionFilter(4, 5);
        const int n = 13;
        float[] x = LinearPredictionTests.ResonantNoise(n, seed: 6);
        float[] a = new float[3 * 4], g = [0.3f, 2.5f, 0.05f];
        var random = new Random(7);
        foreach (ref float tap in a.AsSpan())
            tap = (float)(random.NextDouble() - 0.5);

        // The map is linear, so a step of 1 differentiates it up to rounding.
        Matrix<double> jacobian = Matrix<double>.Build.Dense(n, n);
        float[] at = new float[n], beside = new float[n];
        filter.Analyze(x, a, g, new float[4], at);
        for (int j = 0; j < n; j++)
        {
            float[] moved = [.. x];
            moved[j] += 1;
            filter.Analyze(moved, a, g, new float[4], beside);
            for (int i = 0; i < n; i++)
                jacobian[i, j] = beside[i] - (double)at[i];
        }
        double expected = Math.Log(Math.Abs(jacobian.Determinant()));
        Assert.Equal(expected, filter.LogDeterminant(g, n), 1e-4);
    }

    [Fact]
    public void Short_spans_are_refused_with_both_lengths()
    {
        var error = Assert.Throws<ArgumentException>(() => _filter.Analyze(new float[65], new float[24], new float[2], new float[24], new float[65]));
        Assert.Contains("24 taps", error.Message, StringComparison.Ordinal);
        Assert.Contains("expected 48", error.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _filter.Synthesize(new float[64], new float[24], new float[1], new float[23], new float[64]));
        Assert.Throws<ArgumentException>(() => _filter.LogDeterminant(new float[1], 65));
    }

    /// <summary>One predictor a block, each from another stretch of the signal so that they differ.</summary>
    private static (float[] A, float[] G) Predictors(float[] x, int blocks, int order, int blockSize)
    {
        float[] a = new float[blocks * order], g = new float[blocks];
        for (int block = 0; block < blocks; block++)
        {
            float[] stretch = x[(block * blockSize / 2)..];
            double[] r = LinearPredictionTests.Autocorrelation(stretch, order + 1), taps = new double[order];
            r[0] = (r[0] * 1.001) + 1e-6;
            g[block] = (float)Math.Sqrt(LinearPrediction.LevinsonDurbin(r, taps) / stretch.Length);
            for (int k = 0; k < order; k++)
                a[(block * order) + k] = (float)taps[k];
        }
        return (a, g);
    }
}
