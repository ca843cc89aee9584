using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    private const int MaxPowerIterations = 200;

    // Relative growth of the estimate by which the iteration has settled.
    private const double PowerTolerance = 1e-7;

    /// <inheritdoc/>
    public override Tensor SpectralNorm(Tensor weight, float bound)
    {
        Require(weight.Length == 1, $"spectral normalisation needs a matrix [out, in, 1], not {weight.Shape}");
        Require(bound > 0, $"the bound of a spectral norm is {bound}, expected more than 0");
        var (norm, left, right) = LargestSingular(weight);
        float factor = norm > bound ? (float)(bound / norm) : 1f;
        var y = RentLike(weight);
        TensorPrimitives.Multiply(weight.Span, factor, y.Span);
        Record(y, weight, null, null, (factor, norm, left, right), static (ops, y, weight, _, _, found) =>
        {
            var (factor, norm, left, right) = found;
            Tensor dw = ops.GradientOf(weight), dy = y.Grad!;
            TensorPrimitives.FusedMultiplyAdd(dy.Span, factor, dw.Span, dw.Span);
            if (factor == 1f) return;
            // d(W·bound/σ) = dW·bound/σ - W·bound/σ²·dσ with dσ = uᵀ·dW·v
            double dot = 0;
            for (int i = 0; i < weight.Size; i++) dot += (double)dy.Data[i] * weight.Data[i];
            for (int o = 0; o < weight.Batch; o++)
                for (int i = 0; i < weight.Channels; i++)
                    dw.Data[o * weight.Channels + i] -= (float)(factor * dot / norm * left[o] * right[i]);
        });
        return y;
    }

    // Power iteration on WᵀW from a fixed random start, so that the result depends on W alone: σ = uᵀ·W·v with unit vectors u and v.
    internal static (double Norm, double[] Left, double[] Right) LargestSingular(Tensor weight)
    {
        int rows = weight.Batch, columns = weight.Channels;
        var w = new double[weight.Size];
        for (int i = 0; i < w.Length; i++) w[i] = weight.Data[i];
        double[] u = new double[rows], v = new double[columns];
        for (int i = 0; i < columns; i++) v[i] = new Philox(0).Uniform(0, 0, i) - 0.5;
        Normalise(v);
        double norm = 0;
        for (int n = 0; n < MaxPowerIterations; n++)
        {
            for (int o = 0; o < rows; o++) u[o] = TensorPrimitives.Dot<double>(w.AsSpan(o * columns, columns), v);
            double found = Normalise(u);
            Array.Clear(v);
            for (int o = 0; o < rows; o++) TensorPrimitives.FusedMultiplyAdd<double>(w.AsSpan(o * columns, columns), u[o], v, v);
            norm = Normalise(v);
            if (!(norm > found * (1 + PowerTolerance))) break;
        }
        return (norm, u, v);
    }

    // Divides by the Euclidean norm, which is returned; zeros stay.
    private static double Normalise(double[] vector)
    {
        double norm = TensorPrimitives.Norm<double>(vector);
        if (norm > 0) TensorPrimitives.Divide(vector, norm, vector);
        return norm;
    }

    /// <inheritdoc/>
    public override Tensor LogAbsDetOfSteps(Tensor matrices)
    {
        int n = (int)Math.Round(Math.Sqrt(matrices.Channels));
        Require(n * n == matrices.Channels, $"{matrices.Channels} channels are no square matrix");
        var y = Rent(matrices.Batch, 1, matrices.Length);
        for (int b = 0; b < matrices.Batch; b++)
            for (int t = 0; t < matrices.Length; t++)
                y.Row(b, 0)[t] = (float)MatrixAt(matrices, n, b, t).LU().U.Diagonal().Sum(u => Math.Log(Math.Abs(u)));
        Record(y, matrices, null, null, n, static (ops, y, matrices, _, _, n) =>
        {
            // d log |det M| / dM = M⁻ᵀ
            Tensor d = ops.GradientOf(matrices);
            for (int b = 0; b < matrices.Batch; b++)
                for (int t = 0; t < matrices.Length; t++)
                {
                    Matrix<double> inverse = MatrixAt(matrices, n, b, t).Inverse();
                    for (int i = 0; i < n; i++)
                        for (int j = 0; j < n; j++) d.Row(b, i * n + j)[t] += (float)(inverse[j, i] * y.Grad!.Row(b, 0)[t]);
                }
        });
        return y;
    }

    private static Matrix<double> MatrixAt(Tensor matrices, int n, int b, int t)
    {
        float* first = matrices.RowPointer(b, 0) + t;
        int stride = matrices.Length;
        return Matrix<double>.Build.Dense(n, n, (i, j) => first[(i * n + j) * stride]);
    }
}
