using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Flows;

/// <summary>
/// A flow of FloWaveNet (Kim et al. 2019, sec. 3.2): activation normalisation, an affine or additive coupling, z_b = (x_b - t(x_a))·e^(-s(x_a)), and the halves
/// of the samples change places. The network sees the first half of the condition's channels, whose halves the caller exchanges too.
/// </summary>
internal sealed class FloWaveNetFlow : Flow
{
    private readonly ScaleNorm _norm;
    private readonly ResidualWaveNet _net;
    private readonly int _half, _conditionHalf;
    private readonly bool _isAffine;

    public FloWaveNetFlow(ParameterSet parameters, ResidualWaveNetConfig net, int channels, int conditionChannels, bool affine)
    {
        (_half, _conditionHalf, _isAffine) = (channels / 2, conditionChannels / 2, affine);
        _norm = new ScaleNorm(parameters.Scope("actnorm"), channels);
        _net = new ResidualWaveNet(parameters.Scope("coupling.net"), net, _half, affine ? channels : _half, _conditionHalf);
    }

    /// <inheritdoc/>
    public override long MacsPerStep => _net.MacsPerStep;

    /// <inheritdoc/>
    public override int Past => _net.Past;

    /// <inheritdoc/>
    public override int Future => _net.Future;

    /// <summary>Sets the normalisation from what it receives first.</summary>
    public void Initialize(Ops ops, Tensor x) => _norm.Initialize(ops, x);

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        x = _norm.Forward(ops, x, condition, out logDet);
        Tensor a = ops.Slice(x, 0, _half), b = ops.Slice(x, _half, _half), output = Output(ops, a, condition);
        if (!_isAffine) return ops.Concat(ops.Add(b, output), a);
        Tensor logScale = ops.Slice(output, 0, _half);
        logDet = ops.Add(logDet, ops.Scale(ops.Sum(logScale), -1f));
        return ops.Concat(ops.AffineInverse(b, logScale, ops.Slice(output, _half, _half)), a);
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition)
    {
        Tensor a = ops.Slice(z, _half, _half), b = ops.Slice(z, 0, _half), output = Output(ops, a, condition);
        Tensor moved = _isAffine ? ops.Affine(b, ops.Slice(output, 0, _half), ops.Slice(output, _half, _half)) : ops.Add(b, ops.Scale(output, -1f));
        return _norm.Inverse(ops, ops.Concat(a, moved), condition);
    }

    private Tensor Output(Ops ops, Tensor a, Tensor condition) => _net.Apply(ops, a, ops.Slice(condition, 0, _conditionHalf));
}
