using FlowVocoder.Compute;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// Power of steady tones at multiples of the sample rate over a period: the hum of grouped flows, and the buzz of conditions that change with the mel
/// frame, have the period of the hop. What repeats in every period is found as the mean over all of them. Of one signal that mean squared
/// would count noise too, so it is multiplied with that of a second generation, whose noise is another and whose tones are the same.
/// </summary>
internal static class ToneLoss
{
    /// <summary>The loss of two generations of the same speech, [b, 1, period·n] each; 0 on average without tones.</summary>
    public static Tensor Apply(Ops ops, Tensor first, Tensor second, int period)
    {
        Tensor a = ops.SumTime(ops.Fold(first, period)), b = ops.SumTime(ops.Fold(second, period));
        float periods = first.Length / (float)period;
        return ops.Scale(ops.Sum(ops.Multiply(a, b)), 1f / (periods * periods * a.Size));
    }
}
