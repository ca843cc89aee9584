using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Models;

namespace FlowVocoder.Onnx;

internal sealed partial class CompactGraph
{
    /// <summary>A recording to its latents, and what each layer adds to its log-density. All but the mel belong to the frames that come out.</summary>
    /// <param name="mel">[b, bands, n].</param>
    /// <param name="audio">[b, 1, n·hop].</param>
    /// <param name="tracked">φ of each sample [b, 1, n·hop] and F0 of each frame [b, 1, n], 0 where unvoiced; null for a voice that is told none.</param>
    /// <param name="count">The n that is traced.</param>
    /// <returns>[b, group, n·hop/group], and the names of layers, z the last, with nats [b, 1, n]; nothing comes of what lies before the signal.</returns>
    public (Value Z, IReadOnlyList<(string Layer, Value Nats)> Layers) Score(Value mel, Value audio, (Value Phase, Value F0)? tracked, int count)
    {
        var frames = new Frames(graph, memory, mel, model.LookAheadFrames);
        FlowCondition condition = Condition(frames, Normalized(mel, count), Tracked(frames, tracked, count));
        ops.SumsByFrame = (mel, Steps);
        var layers = new List<(string, Value)>();
        Value isFrame = frames.Are(), excitation = audio * Frames.Repeat(isFrame, Hop);
        if (model.NewPredictor() is { } predictor)
        {
            var (taps, gains) = Predictors(frames, predictor, mel);
            excitation = new AllPoleGraph(predictor).Analyze(excitation, taps, gains, memory);
            // A gain is that of a block of samples.
            Value logGains = gains.Apply("Log").Reshape(0, 1, -1, predictor.BlocksPerHop).Sum(3).Reshape(0, 1, -1);
            layers.Add((CompactPass.LinearPrediction, logGains * (float)-predictor.BlockSize));
        }
        FlowResult result = model.Stack.Forward(ops, ops.Fold(OnnxOps.TensorOf(excitation, 1, 1, count * Hop), _config.Group), condition);
        layers.AddRange(result.LogDets.Select(layer => (layer.Flow, ops.ValueOf(layer.LogDet))));
        Tensor z = result.Latents.Aggregate(ops.Concat);
        layers.Add(OnnxExporter.Prior(ops, z, Hop));
        return (ops.ValueOf(z), [.. layers.Select(layer => (layer.Item1, layer.Item2 * isFrame))]);
    }

    /// <summary>Undoes <see cref="Score"/>: z [b, group, n·hop/group] to the recording [b, 1, n·hop].</summary>
    public Value Decode(Value mel, Value z, (Value Phase, Value F0)? tracked, int count)
    {
        var frames = new Frames(graph, memory, mel, model.LookAheadFrames);
        FlowCondition condition = Condition(frames, Normalized(mel, count), Tracked(frames, tracked, count));
        return Inverse(frames, mel, z, count, condition with { Draw = 0 });
    }

    private PhaseFeatures? Tracked(Frames frames, (Value Phase, Value F0)? tracked, int count) =>
        tracked is var (phase, f0) ? Features(phase.Reshape(0, -1, Hop), (f0 * frames.Are()).Transpose(0, 2, 1), count) : null;
}
