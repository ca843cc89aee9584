using FlowVocoder.Compute;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// Power of the tones at multiples of the sample rate over the group, the hum of grouped flows: a constant in one channel of the group is such a
/// tone. The mean over time of every channel of the generated excitation, squared and averaged; 1/steps for white noise of unit variance.
/// </summary>
internal static class GroupToneLoss
{
    /// <summary>The loss of generated excitation [b, 1, group·steps].</summary>
    public static Tensor Apply(Ops ops, Tensor generated, int group)
    {
        Tensor sums = ops.SumTime(ops.Fold(generated, group));
        float steps = generated.Length / (float)group;
        return ops.Scale(ops.SumSquares(sums), 1f / (steps * steps * sums.Size));
    }
}
