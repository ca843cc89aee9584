using System.Runtime.InteropServices;
using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Models;

public sealed partial class WaveGlow
{
    // 3 GB of intermediate results at the published size.
    private const int MaxScoredSeconds = 60;

    /// <inheritdoc/>
    /// <remarks>
    /// The prior is N(0, 1). The constant of the normal distribution and the squares of all latent parts are one entry, "z". Samples that
    /// do not fill a group are left out.
    /// </remarks>
    /// <exception cref="VocoderException">There is not one whole frame to score, or too much for one pass.</exception>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism)
    {
        int hop = Recipe.HopSize, melFrames = mel.Length / Recipe.Bands, frames = Math.Min(audio.Length / hop, melFrames);
        if (frames == 0)
            throw new VocoderException($"there is nothing to score: {audio.Length} samples and {melFrames} mel frames, expected at least {hop} and 1");
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

    /// <inheritdoc/>
    /// <remarks>Its convolutions look both ways, so that it scores in one pass: the recording is held as a whole, and may be 60 s long at most.</remarks>
    public override Likelihood Score(ISampleSource audio, ReadOnlyMemory<float> mel, Parallelism parallelism)
    {
        var samples = new List<float>();
        Length(audio, piece => samples.AddRange(piece), MaxScoredSeconds * Recipe.SampleRate,
            "it is scored in one pass, whose memory grows with the recording");
        ReadOnlySpan<float> whole = CollectionsMarshal.AsSpan(samples);
        // Too short for a frame is too short to score, which says so.
        bool isComputed = mel.IsEmpty && whole.Length >= Recipe.HopSize;
        return Score(isComputed ? new MelSpectrogram(Recipe).Compute(whole, parallelism) : mel.Span, whole, parallelism);
    }
}
