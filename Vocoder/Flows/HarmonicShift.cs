using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Flows;

/// <summary>
/// The harmonic part of the excitation, taken out and put in again: x = e + Σ_j a_j·h_j, where h_j are the cosines and sines of the harmonics of a band and a_j
/// their amplitudes, which a 1×1 convolution makes of the condition for each group of samples. Given the condition it is a translation: log det = 0.
/// Harmonics and noise (Stylianou 2001; Wang, Takaki and Yamagishi 2019, neural source-filter models) are then apart from the start, and the flow beneath it need
/// not learn to place every pulse.
/// </summary>
public sealed class HarmonicShift : Flow
{
    private readonly ConvLayer _amplitudes;
    private readonly int _harmonics, _group, _conditionChannels;

    /// <summary>Creates the layer: the identity at first.</summary>
    /// <param name="parameters">Where its weights belong.</param>
    /// <param name="harmonics">Signals that are mixed: two for each band.</param>
    /// <param name="group">Samples of a step.</param>
    /// <param name="conditionChannels">Channels of the condition proper; behind them the condition has the signals, harmonics · group channels.</param>
    public HarmonicShift(ParameterSet parameters, int harmonics, int group, int conditionChannels)
    {
        (_harmonics, _group, _conditionChannels) = (harmonics, group, conditionChannels);
        _amplitudes = new ConvLayer(parameters, conditionChannels, harmonics, zero: true);
    }

    /// <summary>Channels of the signals behind the condition.</summary>
    public int SignalChannels => _harmonics * _group;

    /// <inheritdoc/>
    public override long MacsPerStep => _amplitudes.MacsPerStep + SignalChannels;

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        logDet = new Tensor(1, 1, 1);
        return ops.Add(x, ops.Scale(Shift(ops, condition), -1f));
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition, out Tensor logDet)
    {
        logDet = new Tensor(1, 1, 1);
        return Inverse(ops, z, condition);
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition) => ops.Add(z, Shift(ops, condition));

    private Tensor Shift(Ops ops, Tensor condition) =>
        ops.Mix(ops.Slice(condition, _conditionChannels, SignalChannels), _amplitudes.Apply(ops, ops.Slice(condition, 0, _conditionChannels)));
}
