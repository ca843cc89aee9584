using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// Runs a flow on groups of samples: [b, c, t·group] → [b, c·group, t] → flow → back (the squeezing operation of Dinh et al. 2017, sec. 3.6, over
/// time). What mixes channels then mixes the samples of a group, between flows that go sample by sample. The condition is grouped alike.
/// </summary>
public sealed class SqueezedFlow : Flow
{
    private readonly Flow _flow;
    private readonly int _group;

    /// <summary>Wraps a flow on c·<paramref name="group"/> channels; the length of what passes must be a multiple of the group.</summary>
    public SqueezedFlow(Flow flow, int group)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(group, 1);
        (_flow, _group) = (flow, group);
    }

    /// <inheritdoc/>
    public override bool GeneratesStepByStep => _flow.GeneratesStepByStep;

    /// <inheritdoc/>
    public override bool ScoresStepByStep => _flow.ScoresStepByStep;

    /// <inheritdoc/>
    /// <remarks>The mean over the steps of a group, rounded up.</remarks>
    public override long MacsPerStep => (_flow.MacsPerStep + _group - 1) / _group;

    /// <inheritdoc/>
    public override int Past => _group * _flow.Past + _group - 1;

    /// <inheritdoc/>
    public override int Future => _group * _flow.Future + _group - 1;

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet) =>
        ops.Unfold(_flow.Forward(ops, ops.Fold(x, _group), ops.Fold(condition, _group), out logDet), _group);

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition) =>
        ops.Unfold(_flow.Inverse(ops, ops.Fold(z, _group), ops.Fold(condition, _group)), _group);

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition, out Tensor logDet) =>
        ops.Unfold(_flow.Inverse(ops, ops.Fold(z, _group), ops.Fold(condition, _group), out logDet), _group);
}
