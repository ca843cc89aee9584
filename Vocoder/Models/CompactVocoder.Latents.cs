using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

public sealed partial class CompactVocoder
{
    // Every layer is causal and remembers: a recording goes through in chunks, and memory does not grow with it.
    private const int ChunkFrames = 64;

    /// <inheritdoc/>
    public override LatentSpeech Encode(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism, CancellationToken cancellation = default)
    {
        int hop = Recipe.HopSize, frames = WholeFrames(mel, audio, "encode").Frames, steps = hop / Config.Group;
        var (phase, f0) = Track(audio, mel.Length / Recipe.Bands, frames);
        float[] given = mel.ToArray(), excitation = Excitation(mel, audio, frames, out _), z = new float[frames * hop];
        Ops ops = Engine.Compute(parallelism, new StreamState());
        var condition = new ConditionWalk(this, ops, given, phase, f0);
        for (int first = 0; first < frames; first += ChunkFrames)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(ChunkFrames, frames - first), row = 0;
            FlowResult result = Stack.Forward(ops, Fold(ops, excitation.AsSpan(first * hop, count * hop)), condition.Next(count) with { Draw = 0 });
            foreach (Tensor part in result.Latents)
            {
                Tensor here = ops.Here(part);
                for (int c = 0; c < part.Channels; c++) here.Row(0, c).CopyTo(z.AsSpan(row++ * frames * steps + first * steps));
            }
            ops.Reset();
        }
        return new LatentSpeech { Z = z, Group = Config.Group, Mel = given, Phase = phase, F0 = f0, Voice = VoiceKey };
    }

    /// <inheritdoc/>
    public override float[] Decode(LatentSpeech latent, Parallelism parallelism, CancellationToken cancellation = default)
    {
        latent.Validate(Recipe, Config.Group, UsesPhase);
        int hop = Recipe.HopSize, frames = latent.Samples / hop, steps = hop / Config.Group;
        var audio = new float[frames * hop];
        Ops ops = Engine.Compute(parallelism, new StreamState());
        var condition = new ConditionWalk(this, ops, latent.Mel, latent.Phase, latent.F0);
        for (int first = 0; first < frames; first += ChunkFrames)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(ChunkFrames, frames - first);
            Tensor z = ops.Rent(1, Config.Group, count * steps);
            for (int c = 0; c < Config.Group; c++) latent.Z.AsSpan(c * latent.Steps + first * steps, count * steps).CopyTo(z.Row(0, c));
            FlowCondition told = condition.Next(count) with { Draw = 0 };
            ops.Read(ops.Unfold(Stack.Inverse(ops, Stack.Parts(ops, z), told), Config.Group)).CopyTo(audio.AsSpan(first * hop));
            ops.Reset();
        }
        if (Filter == null) return audio;
        var (a, g) = Predictors(latent.Mel, latent.Mel.Length / Recipe.Bands);
        Filter.Synthesize(audio, a, g, new float[Filter.Order], audio);
        return audio;
    }

    /// <inheritdoc/>
    /// <remarks>Every frame goes through the flow as a chunk of its own, so that each layer's log-determinant is that of the frame alone.</remarks>
    public override double[] ScoreFrames(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism, CancellationToken cancellation = default)
    {
        int hop = Recipe.HopSize, frames = WholeFrames(mel, audio, "encode").Frames;
        var (phase, f0) = Track(audio, mel.Length / Recipe.Bands, frames);
        float[] excitation = Excitation(mel, audio, frames, out float[] gains);
        Ops ops = Engine.Compute(parallelism, new StreamState());
        var condition = new ConditionWalk(this, ops, mel.ToArray(), phase, f0);
        var nats = new double[frames];
        for (int i = 0; i < frames; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            FlowResult result = Stack.Forward(ops, Fold(ops, excitation.AsSpan(i * hop, hop)), condition.Next(1) with { Draw = (uint)i });
            double sum = result.LogDets.Sum(layer => (double)ops.ReadItem(layer.LogDet))
                - 0.5 * result.Latents.Sum(z => (double)ops.ReadItem(ops.SumSquares(z)));
            if (Filter != null) sum += Filter.LogDeterminant(gains.AsSpan(i * BlocksPerHop, BlocksPerHop), hop);
            nats[i] = sum / hop - HalfLog2Pi;
            ops.Reset();
        }
        return nats;
    }

    private (float[] Phase, float[] F0) Track(ReadOnlySpan<float> audio, int melFrames, int frames)
    {
        if (!UsesPhase) return ([], []);
        float[] f0 = new PitchTracker(Recipe).Track(audio, melFrames).F0, phase = new PhaseTracker(Recipe).Phase(audio, f0);
        return (phase[..(frames * Recipe.HopSize)], f0[..frames]);
    }

    private (float[] A, float[] G) Predictors(ReadOnlySpan<float> mel, int melFrames)
    {
        MelLinearPredictor predictor = NewPredictor()!;
        var (a, g) = (new float[melFrames * BlocksPerHop * predictor.Order], new float[melFrames * BlocksPerHop]);
        predictor.Compute(mel, melFrames, a, g);
        return (a, g);
    }

    private float[] Excitation(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, int frames, out float[] gains)
    {
        float[] excitation = audio[..(frames * Recipe.HopSize)].ToArray();
        gains = [];
        if (Filter == null) return excitation;
        (float[] a, gains) = Predictors(mel, mel.Length / Recipe.Bands);
        Filter.Analyze(excitation, a, gains, new float[Filter.Order], excitation);
        return excitation;
    }

    private Tensor Fold(Ops ops, ReadOnlySpan<float> samples)
    {
        Tensor x = ops.Rent(1, 1, samples.Length);
        samples.CopyTo(x.Span);
        return ops.Fold(x, Config.Group);
    }
}
