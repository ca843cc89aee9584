using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Models;

public sealed partial class CompactVocoder
{
    /// <summary>½·log 2π, the constant of the standard normal density in nats per sample.</summary>
    internal const double HalfLog2Pi = 0.91893853320467274;

    private CompactAnalysis Analysis => new(this, (parallelism, estimate) => new CompactPass(this, parallelism, estimate));

    /// <inheritdoc/>
    /// <remarks>
    /// The phase of the fundamental is tracked in the recording: the likelihood is that of p(x | mel, φ). The constant of the normal
    /// distribution and each latent part's squares are one entry, "z". It goes in chunks: memory does not grow with the recording. The log-determinant of a
    /// continuous flow is estimated, several times at once.
    /// </remarks>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism) => Analysis.Score(mel, audio, parallelism);

    /// <inheritdoc/>
    /// <remarks>Bit for bit as for the whole at once. Where no mel is given, it is computed on one thread.</remarks>
    public override Likelihood Score(ISampleSource audio, ReadOnlyMemory<float> mel, Parallelism parallelism) => Analysis.Score(audio, mel, parallelism);

    /// <inheritdoc/>
    public override LatentSpeech Encode(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism,
        CancellationToken cancellation = default) => Analysis.Encode(mel, audio, parallelism, cancellation);

    /// <inheritdoc/>
    public override float[] Decode(LatentSpeech latent, Parallelism parallelism, CancellationToken cancellation = default) =>
        Analysis.Decode(latent, parallelism, cancellation);

    /// <inheritdoc/>
    public override double[] ScoreFrames(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism,
        CancellationToken cancellation = default) => Analysis.ScoreFrames(mel, audio, parallelism, cancellation);

    /// <inheritdoc/>
    public override float[]? PredictPitch(ReadOnlySpan<float> mel, Parallelism parallelism)
    {
        if (Pitch == null) return null;
        int frames = mel.Length / Recipe.Bands;
        var f0 = new float[frames];
        if (frames == 0) return f0;
        Ops ops = Engine.Compute(parallelism);
        var (bins, voicing) = Pitch.Apply(ops, MelWithLookAhead(mel, frames, frames));
        for (int i = 0; i < frames; i++) f0[i] = PitchPredictor.Decode(ops.Here(bins), ops.Here(voicing), 0, i + PitchPredictor.LookAhead);
        ops.Reset();
        return f0;
    }

    private Tensor MelWithLookAhead(ReadOnlySpan<float> mel, int melFrames, int frames)
    {
        var result = new Tensor(1, Recipe.Bands, frames + LookAheadFrames);
        for (int b = 0; b < Recipe.Bands; b++)
        {
            ReadOnlySpan<float> band = mel.Slice(b * melFrames, melFrames);
            Span<float> row = result.Row(0, b);
            for (int i = 0; i < row.Length; i++) row[i] = band[Math.Min(i, melFrames - 1)];
            NormalizeMel(row, row);
        }
        return result;
    }
}
