using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>What a <see cref="FlowStack"/> is told about the signal.</summary>
/// <param name="Features">[batch, condition channels, time], for its networks.</param>
/// <param name="Signals">[batch, signals, samples], what its <see cref="HarmonicShift"/> mixes; null without one.</param>
/// <param name="Draw">
/// Where a <see cref="ContinuousFlow"/> is to be solved finely, as for a likelihood, instead of as it speaks: the number of the random signs that its
/// log-determinant is estimated by.
/// </param>
public readonly record struct FlowCondition(Tensor Features, Tensor? Signals = null, uint? Draw = null)
{
    /// <summary>Batch items.</summary>
    public int Batch => Features.Batch;

    /// <summary>Grouped steps.</summary>
    public int Length => Features.Length;

    /// <summary>A condition without signals.</summary>
    public static implicit operator FlowCondition(Tensor features) => new(features);
}
