using FlowVocoder.Compute;

namespace FlowVocoder.Torch;

internal sealed partial class TorchOps
{
    /// <inheritdoc/>
    public override Tensor Gate(Tensor x)
    {
        Require(x.Channels % 2 == 0, "a gate needs an even number of channels");
        return Result(() => Upper(x).tanh() * Lower(x).sigmoid());
    }

    private TorchTensor Upper(Tensor pairs) => ValueOf(pairs).narrow(1, 0, pairs.Channels / 2);

    private TorchTensor Lower(Tensor pairs) => ValueOf(pairs).narrow(1, pairs.Channels / 2, pairs.Channels / 2);

    /// <inheritdoc/>
    public override Tensor Add(Tensor a, Tensor b)
    {
        RequireSame(a, b);
        return Result(() => ValueOf(a) + ValueOf(b));
    }

    /// <inheritdoc/>
    public override Tensor Multiply(Tensor a, Tensor b)
    {
        RequireSame(a, b);
        return Result(() => ValueOf(a) * ValueOf(b));
    }

    /// <inheritdoc/>
    public override Tensor Mix(Tensor x, Tensor gains)
    {
        Require(x.Batch == gains.Batch && x.Channels == gains.Channels && gains.Length > 0 && x.Length % gains.Length == 0,
            $"gains {gains.Shape} do not mix {x.Shape}");
        return Result(() => (ValueOf(x).reshape(x.Batch, x.Channels, gains.Length, -1) * ValueOf(gains).unsqueeze(3)).sum(1).reshape(x.Batch, 1, -1));
    }

    /// <inheritdoc/>
    public override Tensor Scale(Tensor x, float factor) => Result(() => ValueOf(x) * factor);

    /// <inheritdoc/>
    public override Tensor Exp(Tensor x) => Result(() => ValueOf(x).exp());

    /// <inheritdoc/>
    public override Tensor Tanh(Tensor x) => Result(() => ValueOf(x).tanh());

    /// <inheritdoc/>
    public override Tensor Magnitude(Tensor pairs, float offset)
    {
        Require(pairs.Channels % 2 == 0, $"pairs of channels cannot be made of {pairs.Shape}");
        return Result(() => (Upper(pairs).square() + Lower(pairs).square() + offset).sqrt());
    }

    /// <inheritdoc/>
    public override Tensor Sqrt(Tensor x, float offset) => Result(() => (ValueOf(x) + offset).sqrt());

    /// <inheritdoc/>
    public override Tensor Log(Tensor x, float offset) => Result(() => (ValueOf(x) + offset).log());

    /// <inheritdoc/>
    public override Tensor Clamp(Tensor x, float low, float high) => Result(() => ValueOf(x).clamp(low, high));

    /// <inheritdoc/>
    public override Tensor LeakyRelu(Tensor x) => Result(() => torch.nn.functional.leaky_relu(ValueOf(x), 0.1));

    /// <inheritdoc/>
    public override Tensor Relu(Tensor x) => Result(() => torch.nn.functional.relu(ValueOf(x)));

    /// <inheritdoc/>
    public override Tensor Affine(Tensor x, Tensor logScale, Tensor shift)
    {
        RequireSame(x, logScale);
        RequireSame(x, shift);
        return Result(() => ValueOf(x) * ValueOf(logScale).exp() + ValueOf(shift));
    }

    /// <inheritdoc/>
    public override Tensor AffineInverse(Tensor x, Tensor logScale, Tensor shift)
    {
        RequireSame(x, logScale);
        RequireSame(x, shift);
        return Result(() => (ValueOf(x) - ValueOf(shift)) * (-ValueOf(logScale)).exp());
    }

    /// <inheritdoc/>
    public override Tensor ChannelAffine(Tensor x, Tensor logScale, Tensor shift)
    {
        RequireOfChannels(x, logScale, shift);
        return Result(() => ValueOf(x) * ValueOf(logScale).exp() + ValueOf(shift));
    }

    /// <inheritdoc/>
    public override Tensor ChannelAffineInverse(Tensor x, Tensor logScale, Tensor shift)
    {
        RequireOfChannels(x, logScale, shift);
        return Result(() => (ValueOf(x) - ValueOf(shift)) * (-ValueOf(logScale)).exp());
    }

    /// <inheritdoc/>
    public override Tensor ChannelScale(Tensor x, Tensor factor)
    {
        RequireOfChannels(x, factor, factor);
        return Result(() => ValueOf(x) * ValueOf(factor));
    }

    private static void RequireOfChannels(Tensor x, Tensor logScale, Tensor shift) =>
        Require(logScale.Size == x.Channels && logScale.Channels == x.Channels && shift.Size == x.Channels && shift.Channels == x.Channels,
            $"a scale {logScale.Shape} and a shift {shift.Shape} are not those of the channels of {x.Shape}");

    /// <inheritdoc/>
    /// <remarks>Summed in double.</remarks>
    public override Tensor Sum(Tensor x) => Result(() => Single(Doubled(x).sum()));

    /// <inheritdoc/>
    public override Tensor SumTime(Tensor x) => Result(() => ValueOf(x).sum(2, keepdim: true));

    /// <inheritdoc/>
    /// <remarks>Summed in double.</remarks>
    public override Tensor SumSquares(Tensor x) => Result(() => Single(Doubled(x).square().sum()));

    /// <inheritdoc/>
    public override Tensor LogSoftmax(Tensor x) => Result(() => torch.nn.functional.log_softmax(ValueOf(x), 1));

    private TorchTensor Doubled(Tensor x) => ValueOf(x).to(torch.float64);

    // A scalar as a tensor of the seam.
    private static TorchTensor Single(TorchTensor scalar) => scalar.to(torch.float32).reshape(1, 1, 1);
}
