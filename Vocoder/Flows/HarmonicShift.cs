using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Flows;

/// <summary>
/// The harmonic part of the excitation, taken out and put in again: x = e + Σ_j a_j·h_j, where h_j are the cosines and sines of the harmonics of a band and a_j
/// their amplitudes, which a 1×1 convolution makes of the condition for each group of samples. Given the condition it is a translation: log det = 0.
/// Harmonics and noise (Stylianou 2001; Wang, Takaki and Yamagishi 2019, neural source-filter models) are then apart from the start, and the flow beneath it
/// need not learn to place every pulse.
/// </summary>
public sealed class HarmonicShift
{
    private readonly ConvLayer _amplitudes;
    private readonly int _signals, _group;

    /// <summary>Creates the layer: the identity at first.</summary>
    /// <param name="parameters">Where its weights belong.</param>
    /// <param name="signals">Signals that are mixed: two for each band.</param>
    /// <param name="group">Samples of a step.</param>
    /// <param name="conditionChannels">Channels of the features that the amplitudes are made of.</param>
    public HarmonicShift(ParameterSet parameters, int signals, int group, int conditionChannels)
    {
        _amplitudes = new ConvLayer(parameters, conditionChannels, signals, zero: true);
        (_signals, _group) = (signals, group);
    }

    /// <summary>Multiply-accumulates per step.</summary>
    public long MacsPerStep => _amplitudes.MacsPerStep + (long)_signals * _group;

    /// <summary>Speech side to noise side: x [b, group, t] without the harmonics.</summary>
    public Tensor Forward(Ops ops, Tensor x, FlowCondition condition) => ops.Add(x, ops.Scale(Shift(ops, condition), -1f));

    /// <summary>Undoes <see cref="Forward"/>.</summary>
    public Tensor Inverse(Ops ops, Tensor z, FlowCondition condition) => ops.Add(z, Shift(ops, condition));

    private Tensor Shift(Ops ops, FlowCondition condition) => condition.Signals is { } signals && signals.Channels == _signals
        ? ops.Fold(ops.Mix(signals, _amplitudes.Apply(ops, condition.Features)), _group)
        : throw new ArgumentException($"a condition of {condition.Signals?.Channels ?? 0} signals, expected {_signals}", nameof(condition));
}
