namespace FlowVocoder.Torch;

/// <summary>
/// Monotone rational-quadratic splines of each element, the identity outside ±bound (Durkan et al. 2019, "Neural spline flows", sec. 3.1), as formulas whose
/// gradients follow; see <see cref="Compute.Ops.Spline"/> for the parameters.
/// </summary>
internal sealed class Splines
{
    // As published, so that neither direction divides by nearly 0.
    private const double MinBin = 1e-3, MinSlope = 1e-3;

    // softplus(0 + Offset) + MinSlope = 1, the slope of the tails.
    private static readonly double s_offset = Math.Log(Math.Exp(1 - MinSlope) - 1);

    private readonly TorchTensor _widths, _heights, _slopes;
    private readonly double _bound;

    /// <summary>Parameters [b, c·(3K-1), t], or [1, c·(3K-1), 1] for the same splines everywhere.</summary>
    public Splines(TorchTensor parameters, int channels, double bound)
    {
        long each = parameters.shape[1] / channels, bins = (each + 1) / 3;
        TorchTensor all = parameters.reshape(parameters.shape[0], channels, each, -1);
        _bound = bound;
        _widths = Sizes(all.narrow(2, 0, bins));
        _heights = Sizes(all.narrow(2, bins, bins));
        TorchTensor inner = torch.nn.functional.softplus(all.narrow(2, 2 * bins, bins - 1) + s_offset) + MinSlope,
            edge = torch.ones_like(_widths.narrow(2, 0, 1));
        _slopes = torch.cat([edge, inner, edge], 2);
    }

    /// <summary>y above log dy/dx (eq. 4 and 5), [b, 2c, t].</summary>
    public TorchTensor Forward(TorchTensor x)
    {
        TorchTensor isInside = x.abs() <= _bound, inside = x.clamp(-_bound, _bound);
        Bin bin = Find(inside, _widths);
        TorchTensor position = (inside - bin.X) / bin.Width, rest = 1 - position, q = position * rest, s = bin.Height / bin.Width;
        TorchTensor denominator = s + (bin.Right + bin.Left - 2 * s) * q;
        TorchTensor y = bin.Y + bin.Height * (s * position.square() + bin.Left * q) / denominator;
        TorchTensor numerator = bin.Right * position.square() + 2 * s * q + bin.Left * rest.square();
        TorchTensor logSlope = 2 * s.log() + numerator.log() - 2 * denominator.log();
        return torch.cat([torch.where(isInside, y, x), torch.where(isInside, logSlope, torch.zeros_like(x))], 1);
    }

    /// <summary>x of y: the root of a quadratic that lies in the bin (eq. 6 to 8), in the form that does not cancel.</summary>
    public TorchTensor Inverse(TorchTensor y)
    {
        TorchTensor isInside = y.abs() <= _bound, inside = y.clamp(-_bound, _bound);
        Bin bin = Find(inside, _heights);
        TorchTensor s = bin.Height / bin.Width, curvature = bin.Right + bin.Left - 2 * s, above = inside - bin.Y;
        TorchTensor a = bin.Height * (s - bin.Left) + above * curvature, b = bin.Height * bin.Left - above * curvature, c = -s * above;
        TorchTensor root = (b.square() - 4 * a * c).clamp_min(0).sqrt();
        return torch.where(isInside, bin.X + bin.Width * (2 * c / (-b - root)), y);
    }

    private sealed record Bin(TorchTensor X, TorchTensor Width, TorchTensor Y, TorchTensor Height, TorchTensor Left, TorchTensor Right);

    // The bin of each value, [b, c, t], by the sizes along its own axis.
    private Bin Find(TorchTensor value, TorchTensor along)
    {
        long bins = along.shape[2];
        TorchTensor inner = (along.cumsum(2) - _bound).narrow(2, 0, bins - 1).detach();
        TorchTensor index = (value.detach().unsqueeze(2) >= inner).sum(2, keepdim: true, torch.int64);
        TorchTensor At(TorchTensor of, long shift = 0) => of.expand(value.shape[0], -1, -1, value.shape[2]).gather(2, index + shift).squeeze(2);
        TorchTensor Start(TorchTensor sizes) => At(sizes.cumsum(2) - sizes) - _bound;
        return new Bin(Start(_widths), At(_widths), Start(_heights), At(_heights), At(_slopes), At(_slopes, 1));
    }

    // Softmax, a least size each, and the interval as their sum.
    private TorchTensor Sizes(TorchTensor parameters) =>
        2 * _bound * (MinBin + (1 - MinBin * parameters.shape[2]) * torch.nn.functional.softmax(parameters, 2));
}
