namespace FlowVocoder.Training.Data;

/// <summary>
/// How much a mel is smoothed before a voice sees it, as the mels of acoustic models are, which speak means where a recording has detail.
/// </summary>
/// <param name="Frames">Standard deviation over time in frames; 0 leaves time alone.</param>
/// <param name="Bands">Standard deviation over frequency in bands; 0 leaves frequency alone.</param>
public readonly record struct MelBlur(float Frames, float Bands)
{
    /// <summary>Nothing is smoothed.</summary>
    public static MelBlur None => default;

    /// <summary>Frames on either side that a smoothed frame depends on.</summary>
    public int Reach => Radius(Frames);

    /// <summary>Smooths frames, [n, bands] in the mel's logarithm, and cuts <see cref="Reach"/> of them from either end.</summary>
    internal float[] Apply(float[] frames, int bands)
    {
        float[] result = Smooth(frames, bands, Frames, isTime: true);
        result = Smooth(result, bands, Bands, isTime: false);
        return result.AsSpan(Reach * bands, result.Length - 2 * Reach * bands).ToArray();
    }

    // Beyond the ends the outermost value goes on.
    private static float[] Smooth(float[] values, int bands, float deviation, bool isTime)
    {
        int radius = Radius(deviation), count = values.Length / bands;
        if (radius == 0) return values;
        double[] weights = [.. Enumerable.Range(-radius, 2 * radius + 1).Select(d => Math.Exp(-0.5 * d * d / (deviation * deviation)))];
        double sum = weights.Sum();
        var result = new float[values.Length];
        for (int i = 0; i < count; i++)
            for (int b = 0; b < bands; b++)
            {
                double mean = 0;
                for (int d = -radius; d <= radius; d++)
                {
                    int at = isTime ? Math.Clamp(i + d, 0, count - 1) * bands + b : i * bands + Math.Clamp(b + d, 0, bands - 1);
                    mean += weights[radius + d] * values[at];
                }
                result[i * bands + b] = (float)(mean / sum);
            }
        return result;
    }

    private static int Radius(float deviation) => (int)Math.Ceiling(2.5 * deviation);
}
