using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Models;

internal sealed partial class CompactAnalysis
{
    private const int ChunkFrames = 64;

    // A signal whose mel and phase are known, as its flow is told of it from frame to frame.
    private sealed class Walk(CompactVocoder model, float[] mel, float[] phase, float[] f0)
    {
        private readonly int _bands = model.Recipe.Bands, _hop = model.Recipe.HopSize;
        private float[] _columns = [];
        private int _given, _frame;

        public Told Next(int frames)
        {
            int count = frames + (_given == 0 ? model.LookAheadFrames : 0), first = _frame;
            if (_columns.Length < count * _bands) _columns = new float[count * _bands];
            Span<float> columns = _columns.AsSpan(0, count * _bands);
            MelColumns.Copy(mel, _bands, _given, columns);
            (_given, _frame) = (_given + count, _frame + frames);
            return model.UsesPhase ? new(columns, phase.AsSpan(first * _hop, frames * _hop), f0.AsSpan(first, frames)) : new(columns, [], []);
        }
    }

    /// <inheritdoc cref="VocoderModel.Encode"/>
    public LatentSpeech Encode(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism, CancellationToken cancellation)
    {
        int hop = Recipe.HopSize, group = model.Config.Group, frames = model.WholeFrames(mel, audio, "encode").Frames, steps = hop / group;
        var (phase, f0) = Track(audio, mel.Length / Recipe.Bands, frames);
        float[] given = mel.ToArray(), z = new float[frames * hop];
        IFlowPass pass = newPass(parallelism, 0);
        var walk = new Walk(model, given, phase, f0);
        for (int first = 0; first < frames; first += ChunkFrames)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(ChunkFrames, frames - first);
            ReadOnlySpan<float> part = pass.Forward(walk.Next(count), audio.Slice(first * hop, count * hop)).Z.Span;
            for (int c = 0; c < group; c++) part.Slice(c * count * steps, count * steps).CopyTo(z.AsSpan((c * frames + first) * steps));
        }
        return new LatentSpeech { Z = z, Group = group, Mel = given, Phase = phase, F0 = f0, Voice = model.VoiceKey };
    }

    /// <inheritdoc cref="VocoderModel.Decode"/>
    public float[] Decode(LatentSpeech latent, Parallelism parallelism, CancellationToken cancellation)
    {
        int hop = Recipe.HopSize, group = model.Config.Group;
        latent.Validate(Recipe, group, model.UsesPhase);
        int frames = latent.Samples / hop, steps = hop / group;
        float[] audio = new float[frames * hop], z = new float[Math.Min(ChunkFrames, frames) * hop];
        IFlowPass pass = newPass(parallelism, 0);
        var walk = new Walk(model, latent.Mel, latent.Phase, latent.F0);
        for (int first = 0; first < frames; first += ChunkFrames)
        {
            cancellation.ThrowIfCancellationRequested();
            int count = Math.Min(ChunkFrames, frames - first);
            for (int c = 0; c < group; c++) latent.Z.AsSpan(c * latent.Steps + first * steps, count * steps).CopyTo(z.AsSpan(c * count * steps));
            pass.Inverse(walk.Next(count), z.AsSpan(0, count * hop), audio.AsSpan(first * hop, count * hop));
        }
        return audio;
    }

    /// <inheritdoc cref="VocoderModel.ScoreFrames"/>
    /// <remarks>Every frame goes through the flow as a chunk of its own, so that each layer's log-determinant is that of the frame alone.</remarks>
    public double[] ScoreFrames(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism, CancellationToken cancellation)
    {
        int hop = Recipe.HopSize, frames = model.WholeFrames(mel, audio, "encode").Frames;
        var (phase, f0) = Track(audio, mel.Length / Recipe.Bands, frames);
        IFlowPass pass = newPass(parallelism, 0);
        var walk = new Walk(model, mel.ToArray(), phase, f0);
        var nats = new double[frames];
        for (int i = 0; i < frames; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            FlowStretch frame = pass.Forward(walk.Next(1), audio.Slice(i * hop, hop));
            nats[i] = (frame.LogDets.Sum(layer => layer.LogDet) - 0.5 * frame.Squares) / hop - CompactVocoder.HalfLog2Pi;
        }
        return nats;
    }

    private (float[] Phase, float[] F0) Track(ReadOnlySpan<float> audio, int melFrames, int frames)
    {
        if (!model.UsesPhase) return ([], []);
        float[] f0 = new PitchTracker(Recipe).Track(audio, melFrames).F0, phase = new PhaseTracker(Recipe).Phase(audio, f0);
        return (phase[..(frames * Recipe.HopSize)], f0[..frames]);
    }
}
