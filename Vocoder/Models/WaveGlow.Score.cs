using FlowVocoder.Compute;

namespace FlowVocoder.Models;

public sealed partial class WaveGlow
{
    /// <inheritdoc/>
    /// <remarks>
    /// The prior is N(0, 1). The constant of the normal distribution and the squares of all latent parts are one entry, "z". Samples that
    /// do not fill a group are left out.
    /// </remarks>
    /// <exception cref="VocoderException">There is not one whole frame to score, or too much for one pass.</exception>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism)
    {
        int hop = Recipe.HopSize, melFrames = mel.Length / Recipe.Bands, frames = Math.Min(audio.Length / hop, melFrames);
        if (frames == 0) throw new VocoderException($"there is nothing to score: {audio.Length} samples and {melFrames} mel frames, expected at least {hop} and 1");
        int samples = (int)SampleCount(frames);
        Ops ops = Engine.Compute(parallelism);
        WaveGlowResult result = Forward(ops, Tensor.From(audio[..samples], 1, 1, samples), Tensor.From(mel, 1, Recipe.Bands, melFrames));
        var parts = new List<(string Layer, double Nats)>();
        for (int k = 0; k < Config.Flows; k++)
        {
            parts.Add(($"convinv.{k}", ops.ReadItem(result.LogDetConvolution[k]) / (double)samples));
            parts.Add(($"WN.{k}", ops.ReadItem(result.SumLogScale[k]) / (double)samples));
        }
        double total = result.LogLikelihood(ops, sigma: 1);
        parts.Add(("z", total - parts.Sum(part => part.Nats)));
        ops.Reset();
        return new Likelihood(samples, total, parts);
    }
}
