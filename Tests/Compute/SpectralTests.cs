using FlowVocoder.Compute;
using MathNet.Numerics.LinearAlgebra;

namespace FlowVocoder.Tests.Compute;

public class SpectralTests
{
    private readonly Random _random = new(1);

    private static Matrix<double> Matrix(Tensor t) => Matrix<double>.Build.Dense(t.Batch, t.Channels, (i, j) => t.Span[i * t.Channels + j]);

    private static double Norm(Tensor t) => Matrix(t).Svd(false).S[0];

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 7)]
    [InlineData(7, 3)]
    [InlineData(64, 64)]
    [InlineData(64, 2)]
    public void Spectral_norm_is_brought_to_the_bound_by_a_factor(int rows, int columns)
    {
        for (int i = 0; i < 5; i++)
        {
            Tensor w = Samples.Normal(_random, rows, columns, 1), y = new CpuOps().SpectralNorm(w, 0.05f);
            Assert.Equal(0.05, Norm(y), 0.05 * 1e-3);
            for (int k = 0; k < w.Size; k++) Assert.Equal(w.Span[k] * 0.05 / Norm(w), y.Span[k], 0.05 * 1e-3);
        }
    }

    [Fact]
    public void A_norm_below_the_bound_is_left_alone()
    {
        Tensor w = Samples.Normal(_random, 5, 4, 1), zero = new(5, 4, 1);
        var ops = new CpuOps();
        Samples.SameBits(w.Span, ops.SpectralNorm(w, (float)Norm(w) * 1.01f).Span, "norm below the bound");
        Samples.SameBits(zero.Span, ops.SpectralNorm(zero, 1).Span, "zeros");
    }

    [Fact]
    public void Singular_values_close_to_the_largest_cost_less_than_a_thousandth()
    {
        // The hard case of power iteration: a rotation between singular values that hardly differ.
        foreach (double gap in new[] { 0, 1e-5, 1e-4, 1e-3, 1e-2 })
        {
            Matrix<double> left = Matrix(Samples.Normal(_random, 32, 32, 1)).QR().Q, right = Matrix(Samples.Normal(_random, 32, 32, 1)).QR().Q;
            Matrix<double> product = left * Matrix<double>.Build.DenseDiagonal(32, 32, i => 3 * Math.Pow(1 - gap, i)) * right;
            Tensor w = Tensor.From([.. product.ToRowMajorArray().Select(v => (float)v)], 32, 32, 1);
            Assert.InRange(Norm(new CpuOps().SpectralNorm(w, 1)), 1 - 1e-5, 1 + 1e-3);
        }
    }

    [Theory]
    [InlineData(0.5f)]
    [InlineData(50)]
    public void Gradients_of_spectral_norm_equal_central_differences(float bound) =>
        GradientCheck.Run((ops, i) => ops.SpectralNorm(i[0], bound), Samples.Normal(_random, 5, 4, 1));

    [Fact]
    public void Spectral_norm_is_of_matrices() => Assert.Throws<ArgumentException>(() => new CpuOps().SpectralNorm(new Tensor(4, 4, 3), 1));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Log_det_of_each_step_is_that_of_its_matrix(int size)
    {
        Tensor matrices = Samples.Normal(_random, 2, size * size, 7);
        var ops = new CpuOps();
        Tensor y = ops.LogAbsDetOfSteps(matrices);
        Assert.Equal("[2, 1, 7]", y.Shape);
        for (int b = 0; b < 2; b++)
            for (int t = 0; t < 7; t++)
            {
                double[] values = [.. Enumerable.Range(0, size * size).Select(c => (double)matrices.Row(b, c)[t])];
                Assert.Equal(Math.Log(Math.Abs(Matrix<double>.Build.DenseOfRowMajor(size, size, values).Determinant())), y.Row(b, 0)[t], 1e-5);
            }
    }

    [Fact]
    public void Gradients_of_the_log_dets_equal_central_differences()
    {
        Tensor matrices = Samples.Normal(_random, 2, 9, 4, 0.3);
        for (int b = 0; b < 2; b++)
            for (int i = 0; i < 3; i++)
                foreach (ref float v in matrices.Row(b, 4 * i)) v += i == 1 ? -2 : 2;
        GradientCheck.Run((ops, i) => ops.LogAbsDetOfSteps(i[0]), matrices);
    }

    [Fact]
    public void Channels_that_are_no_square_are_refused() => Assert.Throws<ArgumentException>(() => new CpuOps().LogAbsDetOfSteps(new Tensor(1, 6, 2)));
}
