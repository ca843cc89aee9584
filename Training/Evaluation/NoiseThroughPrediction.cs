using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Evaluation;

/// <summary>
/// The baseline of a compact voice: white noise through linear prediction from the mel, which is the voice with its flow bypassed.
/// It whispers: the envelope is right and there is no pitch.
/// </summary>
public static class NoiseThroughPrediction
{
    private const int BlocksPerHop = 4;

    /// <summary>Synthesises a mel.</summary>
    /// <param name="recipe">Recipe of the mel.</param>
    /// <param name="mel">[bands, frames] in the recipe's logarithm.</param>
    /// <param name="seed">The same seed gives the same samples. The default value is 0.</param>
    /// <param name="order">Taps of the predictor. The default value is 24.</param>
    /// <returns>[frames · hop] samples.</returns>
    public static float[] Synthesize(MelRecipe recipe, ReadOnlySpan<float> mel, ulong seed = 0, int order = 24)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        int frames = mel.Length / recipe.Bands;
        var predictor = new MelLinearPredictor(recipe, order, BlocksPerHop);
        float[] a = new float[frames * BlocksPerHop * order], g = new float[frames * BlocksPerHop], samples = new float[frames * recipe.HopSize];
        predictor.Compute(mel, frames, a, g);
        new Philox(seed).Normal(samples, NoiseStreams.Latents, 0, 0);
        new LinearPredictionFilter(order, predictor.BlockSize).Synthesize(samples, a, g, new float[order], samples);
        return samples;
    }
}
