using FlowVocoder.Compute;

namespace FlowVocoder.Models;

/// <summary>
/// The style of recordings as the mean of a Flowtron's noise (Valle et al. 2021, sec. 3.3, after Gambardella et al. 2019): with n recordings of latents ζ the
/// posterior of a mean that is N(0, 1) before has the mean r/(r + 1)·mean(ζ), r = n/λ, where latents are averaged over time and over recordings.
/// </summary>
public static class FlowtronStyle
{
    /// <summary>λ of the published notebook: nearly all of the recordings' mean.</summary>
    public const double PublishedLambda = 1e-4;

    /// <summary>The posterior mean in each band.</summary>
    /// <param name="model">The model.</param>
    /// <param name="engine">What computes.</param>
    /// <param name="parallelism">Threads.</param>
    /// <param name="recordings">Mels [bands, frames] in the recipe of the model, band after band, with what is said in them as symbols' numbers.</param>
    /// <param name="speaker">The model's speaker whose latents they become; who speaks in the recordings does not matter.</param>
    /// <param name="lambda">How much less a recording counts than one draw of the prior, above 0.</param>
    /// <exception cref="VocoderException">A text or mel does not fit the model, or there is no recording.</exception>
    public static float[] Of(Flowtron model, Engine engine, Parallelism parallelism, IReadOnlyList<(float[] Mel, IReadOnlyList<int> Text)> recordings,
        int speaker, double lambda = PublishedLambda)
    {
        if (recordings.Count == 0) throw new VocoderException("found no recordings of a style, expected at least 1");
        int bands = model.Config.MelChannels;
        var mean = new double[bands];
        double ratio = recordings.Count / lambda, weight = ratio / (ratio + 1) / recordings.Count;
        foreach (var (mel, text) in recordings)
        {
            Ops ops = engine.Compute(parallelism);
            Tensor z = ops.Here(model.Forward(ops, Tensor.From(mel, 1, bands, mel.Length / bands), text, speaker).Latent);
            for (int band = 0; band < bands; band++)
                foreach (float value in z.Row(0, band)) mean[band] += weight * value / z.Length;
        }
        return [.. mean.Select(m => (float)m)];
    }
}
