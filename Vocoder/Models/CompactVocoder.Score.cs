using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

public sealed partial class CompactVocoder
{
    /// <summary>½·log 2π, the constant of the standard normal density in nats per sample.</summary>
    internal const double HalfLog2Pi = 0.91893853320467274;

    /// <inheritdoc/>
    /// <remarks>
    /// The phase of the fundamental is tracked in the recording: the likelihood is that of p(x | mel, φ). The constant of the normal
    /// distribution and each latent part's squares are one entry, "z".
    /// </remarks>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism)
    {
        int hop = Recipe.HopSize, melFrames = mel.Length / Recipe.Bands, frames = Math.Min(audio.Length / hop, melFrames);
        if (frames == 0) throw new VocoderException($"there is nothing to score: {audio.Length} samples and {melFrames} mel frames, expected at least {hop} and 1");
        int samples = frames * hop;
        var parts = new List<(string, double)>();
        Ops ops = Engine.Compute(parallelism);
        Tensor excitation = Tensor.From(audio[..samples], 1, 1, samples);
        if (Filter != null) parts.Add(("linear prediction", Analyze(mel, melFrames, frames, excitation.Span) / samples));
        PhaseFeatures? phase = Phase == null ? null : TrackedPhase(ops, audio, melFrames, frames);
        FlowCondition condition = Condition(ops, MelWithLookAhead(mel, melFrames, frames), LookAheadFrames, phase)!.Value;
        var result = Stack.Forward(ops, ops.Fold(excitation, Config.Group), condition);
        foreach (var (name, logDet) in result.LogDets) parts.Add((name, ops.ReadItem(logDet) / (double)samples));
        double squares = result.Latents.Sum(z => (double)ops.ReadItem(ops.SumSquares(z)));
        parts.Add(("z", -0.5 * squares / samples - HalfLog2Pi));
        ops.Reset();
        return new Likelihood(samples, parts.Sum(p => p.Item2), parts);
    }

    /// <summary>F0 and voicing as the model hears them in a mel: what it speaks with.</summary>
    /// <param name="mel">[bands, frames] in the recipe's logarithm.</param>
    /// <param name="parallelism">Threads.</param>
    /// <returns>[frames] in Hz, 0 where unvoiced; null when the phase is switched off and there is no predictor.</returns>
    public float[]? PredictPitch(ReadOnlySpan<float> mel, Parallelism parallelism)
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

    // Speech to excitation in place; the log-determinant.
    private double Analyze(ReadOnlySpan<float> mel, int melFrames, int frames, Span<float> audio)
    {
        MelLinearPredictor predictor = NewPredictor()!;
        int blocks = melFrames * BlocksPerHop;
        float[] a = new float[blocks * predictor.Order], g = new float[blocks];
        predictor.Compute(mel, melFrames, a, g);
        Filter!.Analyze(audio, a, g, new float[predictor.Order], audio);
        return Filter.LogDeterminant(g, frames * Recipe.HopSize);
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

    private PhaseFeatures TrackedPhase(Ops ops, ReadOnlySpan<float> audio, int melFrames, int frames)
    {
        float[] f0 = new PitchTracker(Recipe).Track(audio, melFrames).F0, phase = new PhaseTracker(Recipe).Phase(audio, f0);
        int hop = Recipe.HopSize, steps = hop / Config.Group;
        PhaseFeatures features = Phase!.Rent(ops, 1, frames * steps);
        for (int i = 0; i < frames; i++) Phase.Write(phase.AsSpan(i * hop, hop), f0[i], features, 0, i * steps);
        return features;
    }
}
