using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// Exchanges the two halves of the channels; log det = 0. Between couplings it is the alternating mask of Dinh et al. 2017 (RealNVP, sec. 3.5):
/// what one coupling leaves unchanged, the next one transforms.
/// </summary>
public sealed class ChannelSwap : Flow
{
    /// <summary>(a, b) → (b, a). The number of channels must be even.</summary>
    /// <exception cref="ArgumentException">The number of channels is odd.</exception>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        logDet = ops.Fill(1, 1, 1, 0f);
        return Swap(ops, x);
    }

    /// <summary>(b, a) → (a, b).</summary>
    /// <exception cref="ArgumentException">The number of channels is odd.</exception>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition) => Swap(ops, z);

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition, out Tensor logDet) => Forward(ops, z, condition, out logDet);

    private static Tensor Swap(Ops ops, Tensor x)
    {
        if (x.Channels % 2 != 0) throw new ArgumentException($"halves need an even number of channels, not {x.Channels}", nameof(x));
        int half = x.Channels / 2;
        return ops.Concat(ops.Slice(x, half, half), ops.Slice(x, 0, half));
    }
}
