using System.Numerics.Tensors;
using MathNet.Numerics.LinearAlgebra;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    /// <inheritdoc/>
    public override Tensor Sum(Tensor x)
    {
        Tensor y = Scalar(SumOfBlocks(x, TensorPrimitives.Sum<float>));
        Record(y, x, null, null, static (ops, y, x, _, _) => TensorPrimitives.Add(ops.GradientOf(x).Span, y.Grad!.Item, ops.GradientOf(x).Span));
        return y;
    }

    /// <inheritdoc/>
    public override Tensor SumSquares(Tensor x)
    {
        Tensor y = Scalar(SumOfBlocks(x, TensorPrimitives.SumOfSquares<float>));
        Record(y, x, null, null, static (ops, y, x, _, _) =>
            TensorPrimitives.FusedMultiplyAdd(x.Span, 2f * y.Grad!.Item, ops.GradientOf(x).Span, ops.GradientOf(x).Span));
        return y;
    }

    // A long row summed in float32 alone loses digits; blocks of 256 keep them at the speed of vectors.
    private static double SumOfBlocks(Tensor x, Func<ReadOnlySpan<float>, float> reduce)
    {
        const int Block = 256;
        double sum = 0;
        for (int i = 0; i < x.Size; i += Block) sum += reduce(x.Span.Slice(i, Math.Min(Block, x.Size - i)));
        return sum;
    }

    private Tensor Scalar(double value)
    {
        var y = Rent(1, 1, 1);
        y.Data[0] = (float)value;
        return y;
    }

    /// <inheritdoc/>
    public override Tensor LogSoftmax(Tensor x)
    {
        var y = RentLike(x);
        for (int b = 0; b < x.Batch; b++)
            for (int t = 0; t < x.Length; t++)
            {
                float* column = x.RowPointer(b, 0) + t, target = y.RowPointer(b, 0) + t;
                float max = float.NegativeInfinity;
                for (int c = 0; c < x.Channels; c++) max = Math.Max(max, column[c * x.Length]);
                double sum = 0;
                for (int c = 0; c < x.Channels; c++) sum += Math.Exp(column[c * x.Length] - max);
                float log = max + (float)Math.Log(sum);
                for (int c = 0; c < x.Channels; c++) target[c * x.Length] = column[c * x.Length] - log;
            }
        Record(y, x, null, null, static (ops, y, x, _, _) =>
        {
            Tensor dx = ops.GradientOf(x), dy = y.Grad!;
            for (int b = 0; b < x.Batch; b++)
                for (int t = 0; t < x.Length; t++)
                {
                    float* d = dy.RowPointer(b, 0) + t, log = y.RowPointer(b, 0) + t, target = dx.RowPointer(b, 0) + t;
                    double sum = 0;
                    for (int c = 0; c < x.Channels; c++) sum += d[c * x.Length];
                    for (int c = 0; c < x.Channels; c++) target[c * x.Length] += d[c * x.Length] - (float)(Math.Exp(log[c * x.Length]) * sum);
                }
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor ComposeLu(Tensor triangles, Tensor logDiagonal, Tensor sign, Tensor permutation)
    {
        int n = triangles.Batch;
        Require(triangles.Size == n * n && logDiagonal.Size == n && sign.Size == n && permutation.Size == n,
            $"triangles {triangles.Shape}, diagonal {logDiagonal.Shape}, sign {sign.Shape} and permutation {permutation.Shape} do not make a square matrix");
        var (lower, upper) = Factors(triangles, logDiagonal, sign);
        Matrix<double> product = lower * upper;
        var w = Rent(n, n, 1);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) w.Data[i * n + j] = (float)product[(int)permutation.Data[i], j];
        Record(w, triangles, logDiagonal, null, (lower, upper, permutation), static (ops, w, triangles, logDiagonal, _, factors) =>
        {
            var (lower, upper, permutation) = factors;
            int n = triangles.Batch;
            var gradient = Matrix<double>.Build.Dense(n, n);
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++) gradient[(int)permutation.Data[i], j] = w.Grad!.Data[i * n + j];
            Matrix<double> dLower = gradient * upper.Transpose(), dUpper = lower.Transpose() * gradient;
            Tensor? dt = triangles.RequiresGrad ? ops.GradientOf(triangles) : null, dd = logDiagonal.RequiresGrad ? ops.GradientOf(logDiagonal) : null;
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < n && dt != null; j++)
                    if (i != j) dt.Data[i * n + j] += (float)(j < i ? dLower[i, j] : dUpper[i, j]);
                if (dd != null) dd.Data[i] += (float)(dUpper[i, i] * upper[i, i]);
            }
        });
        return w;
    }

    private static (Matrix<double> Lower, Matrix<double> Upper) Factors(Tensor triangles, Tensor logDiagonal, Tensor sign)
    {
        int n = triangles.Batch;
        float* values = triangles.Data, log = logDiagonal.Data, signs = sign.Data;
        var lower = Matrix<double>.Build.Dense(n, n, (i, j) => j < i ? values[i * n + j] : i == j ? 1 : 0);
        var upper = Matrix<double>.Build.Dense(n, n, (i, j) => j > i ? values[i * n + j] : i == j ? signs[i] * Math.Exp(log[i]) : 0);
        return (lower, upper);
    }

    /// <inheritdoc/>
    public override Tensor Invert(Tensor matrix)
    {
        int n = matrix.Batch;
        Matrix<double> inverse = Square(matrix, matrix).Inverse();
        var y = Rent(n, n, 1);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) y.Data[i * n + j] = (float)inverse[i, j];
        Record(y, matrix, null, null, inverse, static (ops, y, matrix, _, _, inverse) =>
        {
            // d(W⁻¹) = -W⁻¹·dW·W⁻¹
            Matrix<double> gradient = inverse.TransposeThisAndMultiply(Square(matrix, y.Grad!)).TransposeAndMultiply(inverse);
            Tensor d = ops.GradientOf(matrix);
            int n = matrix.Batch;
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++) d.Data[i * n + j] -= (float)gradient[i, j];
        });
        return y;
    }

    // The values of a tensor of the shape of a square matrix.
    private static Matrix<double> Square(Tensor matrix, Tensor values)
    {
        int n = matrix.Batch;
        Require(matrix.Size == n * n, $"a matrix of shape {matrix.Shape} is not square");
        return Matrix<double>.Build.Dense(n, n, (i, j) => values.Span[i * n + j]);
    }

    /// <inheritdoc/>
    public override Tensor LogAbsDet(Tensor matrix)
    {
        int n = matrix.Batch;
        var lu = Square(matrix, matrix).LU();
        double log = 0;
        for (int i = 0; i < n; i++) log += Math.Log(Math.Abs(lu.U[i, i]));
        Tensor y = Scalar(log);
        Record(y, matrix, null, null, lu, static (ops, y, matrix, _, _, lu) =>
        {
            Matrix<double> inverse = lu.Inverse();
            Tensor d = ops.GradientOf(matrix);
            int n = matrix.Batch;
            for (int i = 0; i < n; i++)
                for (int j = 0; j < n; j++) d.Data[i * n + j] += (float)(inverse[j, i] * y.Grad!.Item);
        });
        return y;
    }
}
