using FlowVocoder.Compute;

namespace FlowVocoder.Torch;

// Weights and matrices, in double as the managed engine has them.
internal sealed partial class TorchOps
{
    /// <inheritdoc/>
    public override Tensor WeightNorm(Tensor v, Tensor gain)
    {
        Require(gain.Size == v.Batch, $"gains of shape {gain.Shape} do not fit a weight of {v.Shape}");
        return Result(() =>
        {
            TorchTensor norms = Doubled(v).square().sum([1, 2], keepdim: true).sqrt();
            return ValueOf(v) * (Doubled(gain).reshape(-1, 1, 1) / norms).to(torch.float32);
        });
    }

    /// <inheritdoc/>
    public override Tensor SpectralNorm(Tensor weight, float bound)
    {
        Require(weight.Length == 1, $"spectral normalisation needs a matrix [out, in, 1], not {weight.Shape}");
        Require(bound > 0, $"the bound of a spectral norm is {bound}, expected more than 0");
        var (norm, left, right) = CpuOps.LargestSingular(Here(weight));
        if (!(norm > bound)) return Result(() => ValueOf(weight).alias());
        return Result(() =>
        {
            // σ = uᵀ·W·v with vectors that stand still.
            TorchTensor w = Doubled(weight).squeeze(2);
            TorchTensor sigma = torch.tensor(left, device: engine.On).unsqueeze(0).mm(w).mm(torch.tensor(right, device: engine.On).unsqueeze(1));
            return (w * (bound / sigma)).to(torch.float32).unsqueeze(2);
        });
    }

    /// <inheritdoc/>
    public override Tensor ComposeLu(Tensor triangles, Tensor logDiagonal, Tensor sign, Tensor permutation)
    {
        int n = triangles.Batch;
        Require(triangles.Size == n * n && logDiagonal.Size == n && sign.Size == n && permutation.Size == n,
            $"triangles {triangles.Shape}, diagonal {logDiagonal.Shape}, sign {sign.Shape} and permutation {permutation.Shape} do not make a square matrix");
        return Result(() =>
        {
            TorchTensor both = Square(triangles), diagonal = (Doubled(sign) * Doubled(logDiagonal).exp()).reshape(-1);
            TorchTensor lower = both.tril(-1) + torch.eye(n, dtype: torch.float64, device: engine.On), upper = both.triu(1) + torch.diag(diagonal);
            return Matrix(lower.mm(upper).index_select(0, ValueOf(permutation).reshape(-1).to(torch.int64)));
        });
    }

    /// <inheritdoc/>
    public override Tensor Invert(Tensor matrix) => Result(() => Matrix(torch.linalg.inv(Square(matrix))));

    /// <inheritdoc/>
    public override Tensor LogAbsDet(Tensor matrix) => Result(() => Single(torch.linalg.slogdet(Square(matrix)).Item2));

    /// <inheritdoc/>
    public override Tensor LogAbsDetOfSteps(Tensor matrices)
    {
        int n = (int)Math.Round(Math.Sqrt(matrices.Channels));
        Require(n * n == matrices.Channels, $"{matrices.Channels} channels are no square matrix");
        return Result(() =>
        {
            TorchTensor each = Doubled(matrices).transpose(1, 2).reshape(matrices.Batch, matrices.Length, n, n);
            return torch.linalg.slogdet(each).Item2.to(torch.float32).unsqueeze(1);
        });
    }

    private TorchTensor Square(Tensor matrix)
    {
        int n = matrix.Batch;
        Require(matrix.Size == n * n, $"a matrix of shape {matrix.Shape} is not square");
        return Doubled(matrix).reshape(n, n);
    }

    private static TorchTensor Matrix(TorchTensor square) => square.to(torch.float32).unsqueeze(2);
}
