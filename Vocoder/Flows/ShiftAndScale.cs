using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// What a conditioner's output means to an affine flow: the shift in the upper half of the channels, the logarithm of the scale in the lower.
/// </summary>
internal static class ShiftAndScale
{
    /// <summary>
    /// [b, 2c, t] to shift and logScale, [b, c, t] each. With <paramref name="clamp"/> c &gt; 0 the log-scale is c·tanh(·/c); 0 leaves it free.
    /// </summary>
    public static (Tensor Shift, Tensor LogScale) Split(Ops ops, Tensor output, float clamp)
    {
        int half = output.Channels / 2;
        Tensor shift = ops.Slice(output, 0, half), logScale = ops.Slice(output, half, half);
        if (clamp > 0) logScale = ops.Scale(ops.Tanh(ops.Scale(logScale, 1f / clamp)), clamp);
        return (shift, logScale);
    }
}
