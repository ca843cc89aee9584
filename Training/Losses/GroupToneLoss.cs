using FlowVocoder.Compute;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// Power of the tones at multiples of the sample rate over the group, the hum of grouped flows: a constant in one channel of the group is such a
/// tone. The mean over time of every channel of the generated excitation, squared and averaged; 1/steps for white noise of unit variance.
/// </summary>
internal sealed class GroupToneLoss
{
    private readonly Tensor _mean;
    private readonly int _group, _steps;

    /// <summary>Creates the loss for signals of <paramref name="steps"/> groups.</summary>
    public GroupToneLoss(int group, int steps)
    {
        (_group, _steps) = (group, steps);
        _mean = new Tensor(group, group * steps, 1);
        for (int c = 0; c < group; c++)
            for (int t = 0; t < steps; t++) _mean.Span[c * group * steps + c * steps + t] = 1f / steps;
    }

    /// <summary>The loss of generated excitation [b, 1, group·steps].</summary>
    public Tensor Apply(Ops ops, Tensor generated)
    {
        // Time becomes channels, so that a mean over time is a 1×1 convolution.
        Tensor means = ops.Conv1d(ops.Fold(ops.Fold(generated, _group), _steps), _mean, null);
        return ops.Scale(ops.SumSquares(means), 1f / means.Size);
    }
}
