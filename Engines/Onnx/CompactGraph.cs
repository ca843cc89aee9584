using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Matching;
using FlowVocoder.Models;

namespace FlowVocoder.Onnx;

/// <summary>
/// A <see cref="CompactVocoder"/> as nodes. Its networks and flows are traced; what a stream works out between them, the phase and the linear predictors, are
/// nodes that are written here. A run is given n frames and speaks n, of which the first of a signal are its look-ahead of silence.
/// </summary>
internal sealed partial class CompactGraph(CompactVocoder model, Graph graph, OnnxOps ops, StreamMemory? memory, PitchShift shift)
{
    private readonly CompactConfig _config = model.Config;

    private int Hop => model.Recipe.HopSize;

    private int Steps => Hop / _config.Group;

    /// <summary>Speaks.</summary>
    /// <param name="mel">[b, bands, n].</param>
    /// <param name="noise">[b, group, n·hop/group] already multiplied by σ.</param>
    /// <param name="count">The n that is traced.</param>
    /// <param name="startPhase">φ of the first sample, radians.</param>
    /// <param name="reach">Frames after the first for which it matters to others how far they are from the start.</param>
    /// <returns>[b, 1, n·hop], each frame a look-ahead late, and which frames they are.</returns>
    public (Value Speech, Frames Frames) Speak(Value mel, Value noise, int count, double startPhase, int reach = 0)
    {
        var frames = new Frames(graph, memory, mel, model.LookAheadFrames, reach);
        Tensor normalized = Normalized(mel, count);
        FlowCondition condition = Condition(frames, normalized, model.UsesPhase ? Phase(frames, normalized, startPhase) : null);
        return (Inverse(frames, mel, noise, count, condition), frames);
    }

    private Tensor Normalized(Value mel, int count) => OnnxOps.TensorOf((mel + _config.MelOffset) * _config.MelFactor, 1, model.Recipe.Bands, count);

    // What lies before the signal leaves nothing behind in the layers that are told this.
    private FlowCondition Condition(Frames frames, Tensor normalized, PhaseFeatures? phase)
    {
        FlowCondition condition = model.Condition(ops, normalized, 0, phase)!.Value;
        ops.IsSignal = Frames.Repeat(frames.Are(), Steps);
        return condition;
    }

    private Value Inverse(Frames frames, Value mel, Value latents, int count, FlowCondition condition)
    {
        List<Tensor> parts = OnnxExporter.Parts(latents, model.Stack.LatentChannels, count * Steps);
        Value excitation = ops.ValueOf(ops.Unfold(model.Stack.Inverse(ops, parts, condition), _config.Group));
        return model.NewPredictor() is { } predictor ? Synthesized(frames, predictor, mel, excitation) : excitation * Frames.Repeat(frames.Are(), Hop);
    }

    /// <summary>Mel matching of what <see cref="Speak"/> speaks in a stream; for how long to reach see <see cref="MatchingStreamGraph.Reach"/>.</summary>
    public Value Match(MelMatching matching, int passes, Frames frames, Value speech, Value mel, int count) =>
        new MatchingStreamGraph(ops, memory!, matching, model.Recipe).Match(frames, speech, mel, count, passes);

    private PhaseFeatures Phase(Frames frames, Tensor mel, double startPhase)
    {
        int wait = frames.LookAhead - PitchPredictor.LookAhead;
        var (bins, voicing) = model.Pitch!.Apply(ops, mel);
        // What the predictor says of frames before the first is of no frame at all.
        Value f0 = PitchGraph.Decode(ops.ValueOf(bins), ops.ValueOf(voicing)) * frames.Are(wait);
        Value known = frames.Precede(f0, 1, wait);
        Value current = known.Slice(2, 0, -wait), next = wait == 1 ? known.Slice(2, 1) : known.Slice(2, 1, 1 - wait);
        Value phase = PitchGraph.Phase(frames, current, next, Hop, (int)FrameCentres.Of(model.Recipe, 0), model.Recipe.SampleRate, startPhase, shift);
        return Features(phase, shift.Apply(current.Transpose(0, 2, 1)), mel.Length);
    }

    // φ of each sample [b, n, hop] and F0 of each frame [b, n, 1].
    private PhaseFeatures Features(Value phase, Value hz, int count)
    {
        Tensor features = OnnxOps.TensorOf(Waves(phase, hz), 1, model.Phase!.Features, count * Steps);
        if (model.Phase.Signals == 0) return new PhaseFeatures(features, null);
        double lowest = PitchPredictor.LowestHz * shift.LowestRatio;
        var signals = new HarmonicSignals(phase, hz, _config.HarmonicBands, lowest, model.Recipe.SampleRate, Hop, _config.Group);
        return new PhaseFeatures(features, Tensor.Elsewhere(signals, 1, model.Phase.Signals, count * Hop));
    }

    // As PhaseEncoder writes them: a voicing flag, then cos kφ and sin kφ for each harmonic at each position of the group.
    private Value Waves(Value phase, Value hz)
    {
        long[] positions = [.. Enumerable.Range(0, _config.PhasePositions).Select(p => (long)((2 * p + 1) * _config.Group / (2 * _config.PhasePositions)))];
        float[] harmonics = [.. _config.Harmonics.Select(k => (float)k)];
        Value angles = phase.Reshape(0, -1, _config.Group).Gather(graph.Numbers(positions), 2).Unsqueeze(3) * graph.Constant(harmonics, harmonics.Length);
        Value waves = angles.Apply("Cos").Unsqueeze(4).Then(4, angles.Apply("Sin").Unsqueeze(4)).Reshape(0, 0, -1);
        Value voiced = Frames.Repeat(hz.Greater(graph.Scalar(0f)).ToFloat().Reshape(0, 1, -1), Steps).Reshape(0, -1, 1);
        return voiced.Then(2, waves * voiced).Transpose(0, 2, 1);
    }

    private Value Synthesized(Frames frames, MelLinearPredictor predictor, Value mel, Value excitation)
    {
        var (taps, gains) = Predictors(frames, predictor, mel);
        int block = predictor.BlockSize;
        Value isBlock = Frames.Repeat(frames.Are(), Hop / block).Reshape(0, -1, 1);
        return new AllPoleGraph(predictor).Filter(excitation.Reshape(0, -1, block) * gains * isBlock, taps, memory).Reshape(0, 1, -1);
    }

    private (Value Taps, Value Gains) Predictors(Frames frames, MelLinearPredictor predictor, Value mel)
    {
        int wait = frames.LookAhead;
        Value known = frames.Precede(mel, model.Recipe.Bands, wait + 1), current = known.Slice(2, 1, -wait);
        Value before = frames.AreFirst.Where(current, known.Slice(2, 0, -wait - 1)), after = known.Slice(2, 2, wait == 1 ? long.MaxValue : 1 - wait);
        return new PredictionGraph(predictor).Predict(before, current, after);
    }
}
