using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Flows;

/// <summary>
/// A pair of additive residuals (Gomez et al. 2017, "The reversible residual network", eq. 6 to 8; as a flow the additive coupling of Dinh et al. 2015, NICE):
/// with h the halves of the channels, h1' = h1 + F(h2), h2' = h2 + G(h1'), each function two convolutions with a ReLU between. It moves volumes and changes
/// none, log det = 0, and is undone without inverting anything: h2 = h2' - G(h1'), h1 = h1' - F(h2).
/// </summary>
public sealed class ResidualPair : Flow
{
    private readonly ConvLayer _first, _firstOut, _second, _secondOut;
    private readonly int _half;

    /// <summary>
    /// Creates a pair under the key names of the published implementation, Fm.0, Fm.2, Gm.0 and Gm.2: the identity at first unless <paramref name="zero"/> is
    /// false.
    /// </summary>
    /// <param name="parameters">Where its weights belong.</param>
    /// <param name="channels">An even number.</param>
    /// <param name="hidden">Channels between the convolutions.</param>
    /// <param name="kernel">Their taps, centred; an odd number.</param>
    /// <param name="zero">Whether the last convolutions are zero at first.</param>
    public ResidualPair(ParameterSet parameters, int channels, int hidden, int kernel = 1, bool zero = true)
    {
        if (channels < 2 || channels % 2 != 0) throw new ArgumentException($"a pair needs an even number of channels, not {channels}", nameof(channels));
        if (kernel % 2 != 1) throw new ArgumentException($"a centred kernel has an odd number of taps, not {kernel}", nameof(kernel));
        _half = channels / 2;
        _first = new ConvLayer(parameters.Scope("Fm.0"), _half, hidden, kernel, causal: false);
        _firstOut = new ConvLayer(parameters.Scope("Fm.2"), hidden, _half, kernel, causal: false, zero: zero);
        _second = new ConvLayer(parameters.Scope("Gm.0"), _half, hidden, kernel, causal: false);
        _secondOut = new ConvLayer(parameters.Scope("Gm.2"), hidden, _half, kernel, causal: false, zero: zero);
    }

    /// <inheritdoc/>
    public override long MacsPerStep => _first.MacsPerStep + _firstOut.MacsPerStep + _second.MacsPerStep + _secondOut.MacsPerStep;

    /// <inheritdoc/>
    public override int Past => 2 * (_first.Past + _firstOut.Past);

    /// <inheritdoc/>
    public override int Future => 2 * (_first.Future + _firstOut.Future);

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        logDet = ops.Fill(1, 1, 1, 0f);
        Tensor first = ops.Slice(x, 0, _half), second = ops.Slice(x, _half, _half);
        first = ops.Add(first, Residual(ops, _first, _firstOut, second));
        return ops.Concat(first, ops.Add(second, Residual(ops, _second, _secondOut, first)));
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition)
    {
        Tensor first = ops.Slice(z, 0, _half), second = ops.Slice(z, _half, _half);
        second = ops.Add(second, ops.Scale(Residual(ops, _second, _secondOut, first), -1f));
        return ops.Concat(ops.Add(first, ops.Scale(Residual(ops, _first, _firstOut, second), -1f)), second);
    }

    private static Tensor Residual(Ops ops, ConvLayer layer, ConvLayer last, Tensor x) => last.Apply(ops, ops.Clamp(layer.Apply(ops, x), 0f, float.MaxValue));
}
