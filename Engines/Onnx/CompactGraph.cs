using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;

namespace FlowVocoder.Onnx;

/// <summary>
/// A <see cref="CompactVocoder"/> as nodes. Its networks and flows are traced; what a stream works out between them, the phase and the linear predictors, are
/// nodes that are written here. A run is given n frames and speaks n, of which the first of a signal are its look-ahead of silence.
/// </summary>
internal sealed class CompactGraph(CompactVocoder model, Graph graph, StreamMemory? memory)
{
    private readonly OnnxOps _ops = new(graph, memory);
    private readonly CompactConfig _config = model.Config;

    private int Hop => model.Recipe.HopSize;

    private int Steps => Hop / _config.Group;

    /// <summary>The operations, for what is done with the speech.</summary>
    public OnnxOps Ops => _ops;

    /// <summary>Speaks.</summary>
    /// <param name="mel">[b, bands, n].</param>
    /// <param name="noise">[b, group, n·hop/group] already multiplied by σ.</param>
    /// <param name="count">The n that is traced.</param>
    /// <param name="startPhase">φ of the first sample, radians.</param>
    /// <returns>[b, 1, n·hop], each frame a look-ahead late.</returns>
    public Value Speak(Value mel, Value noise, int count, double startPhase)
    {
        var frames = new Frames(graph, memory, mel, model.LookAheadFrames);
        Tensor normalized = OnnxOps.TensorOf((mel + _config.MelOffset) * _config.MelFactor, 1, model.Recipe.Bands, count);
        PhaseFeatures? phase = model.UsesPhase ? Phase(frames, normalized, startPhase) : null;
        FlowCondition condition = model.Condition(_ops, normalized, 0, phase)!.Value;
        Value isFrame = frames.Are();
        _ops.IsSignal = Frames.Repeat(isFrame, Steps);
        Tensor grouped = model.Stack.Inverse(_ops, Parts(noise, count), condition);
        Tensor excitation = _ops.Unfold(grouped, _config.Group);
        return model.NewPredictor() is { } predictor ? Predicted(frames, predictor, mel, _ops.ValueOf(excitation))
            : _ops.ValueOf(excitation) * Frames.Repeat(isFrame, Hop);
    }

    private List<Tensor> Parts(Value noise, int count)
    {
        var parts = new List<Tensor>();
        int first = 0;
        foreach (int channels in model.Stack.LatentChannels)
        {
            parts.Add(OnnxOps.TensorOf(noise.Slice(1, first, first + channels), 1, channels, count * Steps));
            first += channels;
        }
        return parts;
    }

    private PhaseFeatures Phase(Frames frames, Tensor mel, double startPhase)
    {
        int wait = frames.LookAhead - PitchPredictor.LookAhead;
        var (bins, voicing) = model.Pitch!.Apply(_ops, mel);
        // What the predictor says of frames before the first is of no frame at all.
        Value f0 = PitchGraph.Decode(_ops.ValueOf(bins), _ops.ValueOf(voicing)) * frames.Are(wait);
        Value known = frames.Precede(f0, 1, wait);
        Value current = known.Slice(2, 0, -wait), next = wait == 1 ? known.Slice(2, 1) : known.Slice(2, 1, 1 - wait);
        Value phase = PitchGraph.Phase(frames, current, next, Hop, (int)FrameCentres.Of(model.Recipe, 0), model.Recipe.SampleRate, startPhase);
        Value hz = current.Transpose(0, 2, 1);
        Tensor features = OnnxOps.TensorOf(Features(phase, hz), 1, model.Phase!.Features, mel.Length * Steps);
        if (model.Phase.Signals == 0) return new PhaseFeatures(features, null);
        var signals = new HarmonicSignals(phase, hz, _config.HarmonicBands, PitchPredictor.LowestHz, model.Recipe.SampleRate, Hop, _config.Group);
        return new PhaseFeatures(features, Tensor.Elsewhere(signals, 1, model.Phase.Signals, mel.Length * Hop));
    }

    // As PhaseEncoder writes them: a voicing flag, then cos kφ and sin kφ for each harmonic at each position of the group.
    private Value Features(Value phase, Value hz)
    {
        long[] positions = [.. Enumerable.Range(0, _config.PhasePositions).Select(p => (long)((2 * p + 1) * _config.Group / (2 * _config.PhasePositions)))];
        float[] harmonics = [.. _config.Harmonics.Select(k => (float)k)];
        Value angles = phase.Reshape(0, -1, _config.Group).Gather(graph.Numbers(positions), 2).Unsqueeze(3) * graph.Constant(harmonics, harmonics.Length);
        Value waves = angles.Apply("Cos").Unsqueeze(4).Then(4, angles.Apply("Sin").Unsqueeze(4)).Reshape(0, 0, -1);
        Value voiced = Frames.Repeat(hz.Greater(graph.Scalar(0f)).ToFloat().Reshape(0, 1, -1), Steps).Reshape(0, -1, 1);
        return voiced.Then(2, waves * voiced).Transpose(0, 2, 1);
    }

    private Value Predicted(Frames frames, MelLinearPredictor predictor, Value mel, Value excitation)
    {
        int bands = model.Recipe.Bands, wait = frames.LookAhead;
        Value known = frames.Precede(mel, bands, wait + 1), current = known.Slice(2, 1, -wait);
        Value before = frames.AreFirst.Where(current, known.Slice(2, 0, -wait - 1)), after = known.Slice(2, 2, wait == 1 ? long.MaxValue : 1 - wait);
        var (taps, gains) = new PredictionGraph(predictor).Predict(before, current, after);
        int block = predictor.BlockSize;
        Value isBlock = Frames.Repeat(frames.Are(), Hop / block).Reshape(0, -1, 1);
        return new AllPoleGraph(predictor).Filter(excitation.Reshape(0, -1, block) * gains * isBlock, taps, memory).Reshape(0, 1, -1);
    }
}
