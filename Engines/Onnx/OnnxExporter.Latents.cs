using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Models;
using FlowVocoder.Voices;
using global::Onnx;

namespace FlowVocoder.Onnx;

/// <summary>Graphs between recordings and latents.</summary>
public static partial class OnnxExporter
{
    /// <summary>Name of the metadata that lists the layers of the output log_density, separated by commas.</summary>
    internal const string Layers = "layers";

    /// <summary>Name of the metadata that tells the lowest F0 in Hz that a voice can be told.</summary>
    internal const string LowestF0 = "lowest_f0";

    private static void RequireScores(LoadedVoice voice)
    {
        if (voice.Model.ScoresStepByStep)
            throw new VocoderException($"voice {voice.Name} scores step by step, each step from all before it, which is no graph of a fixed size; expected "
                + "one that scores in one pass, like compact");
        if (voice.Model is CompactVocoder { Stack.Continuous: not null })
            throw new VocoderException($"voice {voice.Name}: the density of a continuous flow needs vector-Jacobian products, for which graphs have no "
                + "operator; expected a voice of couplings, like compact");
    }

    private static OnnxExportOptions WithoutSpeech(OnnxExportOptions options) =>
        options == new OnnxExportOptions { Task = options.Task, Streaming = options.Streaming } ? options
            : throw new VocoderException("noise, sigma, pitch, matching and seed belong to a graph that speaks, expected none of them with one between "
                + "recordings and latents");

    /// <summary>The standard normal density of z: its name among the layers, and nats of each frame of so many samples [b, 1, frames].</summary>
    internal static (string Layer, Value Nats) Prior(OnnxOps ops, Tensor z, int hop) =>
        ("z", ops.ValueOf(ops.SumSquares(z)) * -0.5f + (float)(-hop * CompactVocoder.HalfLog2Pi));

    private static ModelProto TraceLatents(LoadedVoice voice, Graph graph, OnnxExportOptions options, int frames)
    {
        var signals = new LatentsGraph(graph, voice.Model, options.Task == OnnxTask.Score, options.Streaming);
        var ops = new OnnxOps(graph, signals.Memory);
        IReadOnlyList<(string Layer, Value Nats)> layers = [];
        if (options.Task == OnnxTask.Score)
        {
            (Value z, layers) = Score(voice.Model, graph, ops, signals, signals.Count(frames));
            signals.Output(z, layers);
        }
        else signals.Output(Decode(voice.Model, graph, ops, signals, signals.Count(frames)));
        Carry(graph, signals.Memory, "batch");
        ModelProto proto = Model(graph, voice, options, signals.Memory);
        if (layers.Count > 0) Say(proto, Layers, string.Join(",", layers.Select(layer => layer.Layer)));
        if (signals.Tracked != null) Say(proto, LowestF0, PitchPredictor.LowestHz);
        return proto;
    }

    private static (Value Z, IReadOnlyList<(string Layer, Value Nats)> Layers) Score(VocoderModel model, Graph graph, OnnxOps ops, LatentsGraph signals,
        int count)
    {
        if (model is CompactVocoder compact)
            return new CompactGraph(compact, graph, ops, signals.Memory, new PitchShift(0)).Score(signals.Mel, signals.Given, signals.Tracked, count);
        var glow = (WaveGlow)model;
        int hop = model.Recipe.HopSize;
        ops.SumsByFrame = (signals.Mel, hop / glow.Config.Group);
        Tensor audio = OnnxOps.TensorOf(signals.Given, 1, 1, count * hop), mel = OnnxOps.TensorOf(signals.Mel, 1, model.Recipe.Bands, count);
        WaveGlowResult result = glow.Forward(ops, audio, mel);
        return (ops.ValueOf(result.Latent), [.. result.Layers.Select(layer => (layer.Layer, ops.ValueOf(layer.LogDet))), Prior(ops, result.Latent, hop)]);
    }

    private static Value Decode(VocoderModel model, Graph graph, OnnxOps ops, LatentsGraph signals, int count)
    {
        if (model is CompactVocoder compact)
            return new CompactGraph(compact, graph, ops, signals.Memory, new PitchShift(0)).Decode(signals.Mel, signals.Given, signals.Tracked, count);
        var glow = (WaveGlow)model;
        List<Tensor> z = Parts(signals.Given, glow.Stack.LatentChannels, count * model.Recipe.HopSize / glow.Config.Group);
        // Noise is drawn the other way round, what remained first.
        z.Reverse();
        return Generate(glow, ops, signals.Mel, z, count);
    }
}
