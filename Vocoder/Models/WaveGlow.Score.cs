using FlowVocoder.Compute;

namespace FlowVocoder.Models;

public sealed partial class WaveGlow
{
    private WaveGlowAnalysis Analysis => new(this, parallelism => new WaveGlowPass(this, parallelism));

    /// <inheritdoc/>
    /// <remarks>
    /// The prior is N(0, 1). The constant of the normal distribution and the squares of all latent parts are one entry, "z". Samples that
    /// do not fill a group are left out.
    /// </remarks>
    /// <exception cref="VocoderException">There is not one whole frame to score, or too much for one pass.</exception>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism) => Analysis.Score(mel, audio, parallelism);

    /// <inheritdoc/>
    /// <remarks>In one pass: its convolutions see the future, too. Samples that do not fill a group are left out.</remarks>
    /// <exception cref="VocoderException">There is not one whole frame to encode, or too much for one pass.</exception>
    public override LatentSpeech Encode(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism,
        CancellationToken cancellation = default) => Analysis.Encode(mel, audio, parallelism);

    /// <inheritdoc/>
    public override float[] Decode(LatentSpeech latent, Parallelism parallelism, CancellationToken cancellation = default) =>
        Analysis.Decode(latent, parallelism);
}
