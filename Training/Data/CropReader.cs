using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Data;

/// <summary>Reads what models of all kinds take of crops.</summary>
internal static class CropReader
{
    /// <summary>
    /// The samples of a crop, as loud as it is seen where <paramref name="applyGain"/> says so, with noise uniform over one step of 16-bit quantisation: exact
    /// zeros would have unbounded likelihood. The noise is a function of its source, the item and the step.
    /// </summary>
    public static void Speech(Crop crop, int hop, Philox noise, int item, long step, bool applyGain, Span<float> target)
    {
        crop.Clip.Audio.AsSpan(crop.FirstFrame * hop, target.Length).CopyTo(target);
        uint stream = NoiseStreams.Dequantization(item);
        for (int i = 0; i < target.Length; i++)
            target[i] += (float)((noise.Uniform(stream, 0, step * target.Length + i) - 0.5) / 32768);
        if (!applyGain) return;
        for (int i = 0; i < target.Length; i++) target[i] *= crop.Gain;
    }

    /// <summary>Mel frames of a crop at its gain, [count, bands], from <paramref name="first"/> on, counted from the first of the crop.</summary>
    public static float[] Mel(Crop crop, MelRecipe recipe, int first, int count)
    {
        float[] values = crop.Mel(first, count);
        if (crop.Gain != 1f)
            for (int i = 0; i < values.Length; i++) values[i] = (float)recipe.FromAmplitude(recipe.ToAmplitude(values[i]) * crop.Gain);
        return values;
    }
}
