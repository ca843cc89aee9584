using System.Numerics.Tensors;

namespace FlowVocoder.Streaming;

/// <summary>
/// Rounds off what would reach full scale, before speech becomes 16-bit integers: y = knee + (1 - knee)·tanh((|x| - knee)/(1 - knee)) above the knee, with the
/// sign of x. It looks neither ahead nor back, and speech below the knee keeps every bit.
/// </summary>
public static class SpeechLimiter
{
    /// <summary>Half a decibel below full scale.</summary>
    public const float Knee = 0.95f;

    /// <summary>Limits samples in place.</summary>
    /// <param name="samples">Full scale is ±1.</param>
    /// <returns>How many were beyond full scale.</returns>
    public static int Apply(Span<float> samples)
    {
        if (samples.IsEmpty || !(TensorPrimitives.MaxMagnitude<float>(samples) is var peak && Math.Abs(peak) > Knee)) return 0;
        int beyond = 0;
        foreach (ref float sample in samples)
        {
            float size = Math.Abs(sample);
            if (!(size > Knee)) continue;
            if (size > 1) beyond++;
            sample = MathF.CopySign(Knee + (1 - Knee) * MathF.Tanh((size - Knee) / (1 - Knee)), sample);
        }
        return beyond;
    }
}
