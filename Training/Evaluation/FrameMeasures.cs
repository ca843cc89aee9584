using System.Numerics.Tensors;
using FlowVocoder.Models;

namespace FlowVocoder.Training.Evaluation;

/// <summary>A value for each frame of a recording, in which something unusual may show.</summary>
public static class FrameMeasures
{
    /// <summary>
    /// How surprised a voice is: the cube root of the mean square of z, which is -2/n·log N(z) but for a constant. That part of the log-likelihood does not
    /// depend on how loud a frame is or what it says, the other part, the log-determinant, on little else. The cube root brings the distribution, χ² for normal
    /// speech, close to a normal one (Wilson and Hilferty 1931).
    /// </summary>
    /// <param name="latent">The recording under its mel.</param>
    /// <param name="hop">Samples of a frame.</param>
    public static double[] Surprise(LatentSpeech latent, int hop)
    {
        int group = latent.Group, frames = latent.Samples / hop;
        var result = new double[frames];
        for (int i = 0; i < frames; i++)
        {
            // A frame need not be a whole number of steps.
            int first = (int)((long)i * hop / group), end = (int)((long)(i + 1) * hop / group);
            double sum = 0;
            for (int c = 0; c < group; c++) sum += TensorPrimitives.SumOfSquares<float>(latent.Z.AsSpan(c * latent.Steps + first, end - first));
            result[i] = Math.Cbrt(sum / Math.Max(1, (end - first) * group));
        }
        return result;
    }

    /// <summary>Level in dB of full scale, for comparison.</summary>
    public static double[] Level(ReadOnlySpan<float> audio, int hop)
    {
        var result = new double[audio.Length / hop];
        for (int i = 0; i < result.Length; i++) result[i] = 10 * Math.Log10(TensorPrimitives.SumOfSquares(audio.Slice(i * hop, hop)) / hop + 1e-10);
        return result;
    }

    /// <summary>By how many dB the level changes from the frame before, for comparison; 0 for the first.</summary>
    public static double[] LevelChange(ReadOnlySpan<float> audio, int hop)
    {
        double[] level = Level(audio, hop);
        return [.. level.Select((value, i) => i == 0 ? 0 : value - level[i - 1])];
    }
}
