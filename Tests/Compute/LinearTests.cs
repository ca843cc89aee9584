using FlowVocoder.Compute;
using MathNet.Numerics.LinearAlgebra;

namespace FlowVocoder.Tests.Compute;

public class LinearTests
{
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(3, 5, 77)]
    [InlineData(1, 1, 1_000_003)]
    public void Sums_are_accumulated_in_double(int batch, int channels, int length)
    {
        var x = new Tensor(batch, channels, length);
        var random = new Random(length);
        double sum = 0, squares = 0;
        foreach (ref float v in x.Span)
        {
            v = 1 + (float)random.NextDouble();
            sum += v;
            squares += (double)v * v;
        }
        var ops = new CpuOps();
        Assert.Equal(sum, ops.Sum(x).Item, 2e-7 * sum);
        Assert.Equal(squares, ops.SumSquares(x).Item, 2e-7 * squares);
    }

    [Fact]
    public void LogSoftmax_normalises_over_channels()
    {
        Tensor x = Samples.Normal(new Random(1), 2, 7, 9, 3);
        // Large values must not overflow.
        x.Row(0, 3)[2] = 500;
        x.Row(1, 0)[4] = -500;
        Tensor y = new CpuOps().LogSoftmax(x);
        for (int b = 0; b < 2; b++)
            for (int t = 0; t < 9; t++)
            {
                double max = Enumerable.Range(0, 7).Max(c => x.Row(b, c)[t]);
                double log = max + Math.Log(Enumerable.Range(0, 7).Sum(c => Math.Exp(x.Row(b, c)[t] - max)));
                for (int c = 0; c < 7; c++)
                    Assert.Equal(x.Row(b, c)[t] - log, y.Row(b, c)[t], 1e-6 * Math.Max(1, Math.Max(Math.Abs(log), Math.Abs(x.Row(b, c)[t]))));
            }
    }

    [Fact]
    public void WeightNorm_scales_each_output_channel_to_its_gain()
    {
        var random = new Random(2);
        Tensor v = Samples.Normal(random, 5, 4, 3), gain = Samples.Normal(random, 5, 1, 1), w = new CpuOps().WeightNorm(v, gain);
        for (int o = 0; o < 5; o++)
        {
            double norm = 0;
            for (int i = 0; i < 12; i++) norm += (double)v.Span[o * 12 + i] * v.Span[o * 12 + i];
            for (int i = 0; i < 12; i++) Assert.Equal(gain.Span[o] * v.Span[o * 12 + i] / Math.Sqrt(norm), w.Span[o * 12 + i], 1e-6);
        }
    }

    [Fact]
    public void ComposeLu_multiplies_the_factors_and_permutes_rows()
    {
        // L = [1 0 0; 2 1 0; 3 4 1], U = [e⁰ 5 6; 0 -e¹ 7; 0 0 e²]; the diagonal 9 is ignored.
        Tensor triangles = Tensor.From([9, 5, 6, 2, 9, 7, 3, 4, 9], 3, 3, 1), log = Tensor.From([0, 1, 2], 1, 3, 1);
        Tensor sign = Tensor.From([1, -1, 1], 1, 3, 1), permutation = Tensor.From([2, 0, 1], 1, 3, 1);
        double e = Math.E;
        double[] expected = [3, 15 - 4 * e, 18 + 28 + e * e, 1, 5, 6, 2, 10 - e, 12 + 7];
        Samples.Close(expected, new CpuOps().ComposeLu(triangles, log, sign, permutation).Span, 1e-5, "W");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(24)]
    public void LogAbsDet_equals_the_sum_of_log_singular_values(int n)
    {
        Tensor matrix = Samples.Normal(new Random(n), n, n, 1);
        var dense = Matrix<double>.Build.Dense(n, n, (i, j) => matrix.Span[i * n + j]);
        Assert.Equal(dense.Svd(false).S.Sum(Math.Log), new CpuOps().LogAbsDet(matrix).Item, 1e-5);
        // One row negated changes the sign of the determinant alone.
        for (int j = 0; j < n; j++) matrix.Span[j] *= -1;
        Assert.Equal(dense.Svd(false).S.Sum(Math.Log), new CpuOps().LogAbsDet(matrix).Item, 1e-5);
    }

    [Fact]
    public void Invert_times_the_matrix_is_the_identity()
    {
        Tensor matrix = Samples.Normal(new Random(3), 9, 9, 1);
        Tensor inverse = new CpuOps().Invert(matrix);
        for (int i = 0; i < 9; i++)
            for (int j = 0; j < 9; j++)
                Assert.Equal(i == j ? 1 : 0, Enumerable.Range(0, 9).Sum(k => (double)inverse.Span[i * 9 + k] * matrix.Span[k * 9 + j]), 1e-5);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        var ops = new CpuOps();
        Action[] actions =
        [
            () => ops.WeightNorm(new Tensor(3, 2, 1), new Tensor(2, 1, 1)), () => ops.LogAbsDet(new Tensor(3, 2, 1)), () => ops.Invert(new Tensor(3, 2, 1)),
            () => ops.ComposeLu(new Tensor(3, 3, 1), new Tensor(1, 2, 1), new Tensor(1, 3, 1), new Tensor(1, 3, 1)),
            () => ops.ComposeLu(new Tensor(3, 2, 1), new Tensor(1, 3, 1), new Tensor(1, 3, 1), new Tensor(1, 3, 1)),
        ];
        foreach (Action action in actions) Assert.Throws<ArgumentException>(action);
    }
}
