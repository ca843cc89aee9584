using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Flows;

/// <summary>
/// An autoregressive flow over time. A step is a group of samples, and a causal WaveNet makes from the steps before it shift and logScale of
/// each of its channels: v_t = u_t·exp(logScale(u_&lt;t)) + shift(u_&lt;t), elementwise within the step; log |det dv/du| = Σ logScale.
/// As <see cref="FlowKind.Maf"/> u is the data and v the noise: p(x_t | x_&lt;t) is normal with σ = exp(-logScale) and μ = -shift·σ. As
/// <see cref="FlowKind.Iaf"/> u is the noise and v the data: p(x_t | z_&lt;t) has σ = exp(logScale) and μ = shift. The same weights
/// make either, and the one undoes the other. The direction that is not parallel finds u_t from v_t one step after the other, on cached
/// convolutions: O(T), where beginning anew for every step would be O(T²).
/// </summary>
public sealed class AutoregressiveFlow : Flow, IRecursion, IElementwiseFlow
{
    private readonly WaveNet _waveNet;
    private readonly FlowKind _kind;
    private readonly string _name;
    private readonly int _channels;
    private readonly float _clamp;

    /// <summary>
    /// Creates a <see cref="FlowKind.Maf"/> or <see cref="FlowKind.Iaf"/> of <paramref name="channels"/>, 1 or more: the identity at first. With
    /// <paramref name="logScaleClamp"/> c &gt; 0 the log-scale is c·tanh(·/c); 0 leaves it free.
    /// </summary>
    public AutoregressiveFlow(ParameterSet parameters, WaveNetConfig waveNet, FlowKind kind, int channels, int conditionChannels, float logScaleClamp = 0f)
    {
        if (!waveNet.Causal) throw new ArgumentException("an autoregressive flow needs a causal conditioner", nameof(waveNet));
        if (kind == FlowKind.Coupling) throw new ArgumentException("a coupling is no autoregressive flow", nameof(kind));
        (_kind, _channels, _clamp, _name) = (kind, channels, logScaleClamp, parameters.Name);
        _waveNet = new WaveNet(parameters, waveNet, channels, 2 * channels, conditionChannels);
    }

    /// <inheritdoc/>
    public override long MacsPerStep => _waveNet.MacsPerStep;

    /// <inheritdoc/>
    /// <remarks>That of the parallel direction. The other one depends on all of the past.</remarks>
    public override int Past => _waveNet.Past + 1;

    /// <inheritdoc/>
    public override bool GeneratesStepByStep => _kind == FlowKind.Maf;

    /// <inheritdoc/>
    public override bool ScoresStepByStep => _kind == FlowKind.Iaf;

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet) =>
        _kind == FlowKind.Maf ? Parallel(ops, x, condition, out logDet) : Sequential(ops, x, condition, out logDet);

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition, out Tensor logDet) =>
        _kind == FlowKind.Maf ? Sequential(ops, z, condition, out logDet) : Parallel(ops, z, condition, out logDet);

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition) =>
        _kind == FlowKind.Maf ? ops.Slice(Recur(ops, z, condition), 0, _channels) : Transform(ops, z, condition, out _);

    /// <summary>Shift and logScale of every step, [b, channels, t] each, from the steps u before it.</summary>
    internal (Tensor Shift, Tensor LogScale) Conditioner(Ops ops, Tensor before, Tensor condition)
    {
        Tensor output = _waveNet.Apply(ops, before, condition);
        return ShiftAndScale.Split(ops, output, _clamp);
    }

    private Tensor Parallel(Ops ops, Tensor u, Tensor condition, out Tensor logDet)
    {
        Tensor v = Transform(ops, u, condition, out Tensor logScale);
        logDet = ops.Sum(logScale);
        return v;
    }

    private Tensor Transform(Ops ops, Tensor u, Tensor condition, out Tensor logScale)
    {
        (Tensor shift, logScale) = Conditioner(ops, ops.Delay(u, _name), condition);
        return ops.Affine(u, logScale, shift);
    }

    Tensor IElementwiseFlow.Transform(Ops ops, Tensor u, Tensor condition, bool generating, out Tensor logScale) =>
        generating == (_kind == FlowKind.Iaf) ? Transform(ops, u, condition, out logScale)
            : throw new InvalidOperationException($"a {_kind} is not parallel in this direction");

    private Tensor Sequential(Ops ops, Tensor v, Tensor condition, out Tensor logDet)
    {
        Tensor result = Recur(ops, v, condition);
        logDet = ops.Scale(ops.Sum(ops.Slice(result, _channels, _channels)), -1f);
        return ops.Slice(result, 0, _channels);
    }

    // u above logScale, [b, 2·channels, t].
    private Tensor Recur(Ops ops, Tensor v, Tensor condition) => ops.Recur(this, v, condition, 2 * _channels);

    /// <inheritdoc/>
    string IRecursion.Site => _name;

    /// <summary>u_t above its logScale, [b, 2·channels, 1], from those of the step before and v_t.</summary>
    Tensor IRecursion.Step(Ops ops, Tensor previous, Tensor input, Tensor condition)
    {
        var (shift, logScale) = Conditioner(ops, ops.Slice(previous, 0, _channels), condition);
        return ops.Concat(ops.AffineInverse(input, logScale, shift), logScale);
    }
}
