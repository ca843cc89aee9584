using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Evaluation;

/// <summary>
/// Mean absolute difference of two log-mel spectrograms in nats, over all bands and frames: what HiFi-GAN trains on (J. Kong et al.,
/// arXiv 2010.05646) and prints as its validation error. A recipe with another logarithm is converted to nats;
/// figures of different recipes (floor, bands, highest frequency) cannot be compared.
/// </summary>
public sealed class LogMelL1
{
    // Whoever measures several clips or systems has a thread for each.
    private static readonly Parallelism s_one = new(1);

    private readonly MelSpectrogram _mel;
    private readonly double _natsPerUnit;

    /// <summary>Prepares the mels of a recipe.</summary>
    /// <exception cref="VocoderException">The recipe is not valid.</exception>
    public LogMelL1(MelRecipe recipe)
    {
        _mel = new MelSpectrogram(recipe);
        _natsPerUnit = recipe.NatsPerUnit;
    }

    /// <summary>The distance of a generated signal from its reference; the longer one is cut to the shorter.</summary>
    /// <param name="reference">Samples at the recipe's rate.</param>
    /// <param name="generated">Samples at the recipe's rate.</param>
    /// <exception cref="VocoderException">Too short for one frame.</exception>
    public double Distance(ReadOnlySpan<float> reference, ReadOnlySpan<float> generated)
    {
        int length = Math.Min(reference.Length, generated.Length);
        return Distance(_mel.Compute(reference[..length], s_one), _mel.Compute(generated[..length], s_one));
    }

    private double Distance(float[] a, float[] b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += Math.Abs((double)a[i] - b[i]);
        return sum / a.Length * _natsPerUnit;
    }
}
