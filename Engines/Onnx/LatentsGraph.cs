using FlowVocoder.Models;
using global::Onnx;

namespace FlowVocoder.Onnx;

/// <summary>
/// The inputs and outputs of a graph between recordings and latents. One of a whole signal brings the look-ahead itself: the last frame of the mel goes on, and
/// what belongs to samples waits for it. The caller of a stream does both.
/// </summary>
internal sealed class LatentsGraph
{
    private const string Batch = "batch";
    private const TensorProto.Types.DataType Float = TensorProto.Types.DataType.Float;
    private readonly Graph _graph;
    private readonly VocoderModel _model;
    private readonly int _group, _late;

    public LatentsGraph(Graph graph, VocoderModel model, bool scores, bool streams)
    {
        (_graph, _model, Hop) = (graph, model, model.Recipe.HopSize);
        _group = (model as CompactVocoder)?.Config.Group ?? ((WaveGlow)model).Config.Group;
        _late = model is CompactVocoder && !streams ? model.LookAheadFrames : 0;
        Mel = graph.Input("mel", Float, Batch, model.Recipe.Bands, "frames");
        if (_late > 0) Mel = Mel.Then(2, [.. Enumerable.Repeat(Mel.Slice(2, -1), _late)]);
        Given = scores ? Late(graph.Input("audio", Float, Batch, 1, "samples"), Hop) : Late(graph.Input("z", Float, Batch, _group, "steps"), Steps);
        if (model is CompactVocoder { UsesPhase: true })
            Tracked = (Late(graph.Input("phase", Float, Batch, 1, "samples"), Hop), Late(graph.Input("f0", Float, Batch, 1, "frames"), 1));
        Memory = streams ? new StreamMemory(graph) : null;
    }

    /// <summary>[b, bands, n].</summary>
    public Value Mel { get; }

    /// <summary>The recording [b, 1, n·hop], or z [b, group, n·hop/group].</summary>
    public Value Given { get; }

    /// <summary>φ of each sample [b, 1, n·hop] and F0 of each frame [b, 1, n]; null for a voice that is told none.</summary>
    public (Value Phase, Value F0)? Tracked { get; }

    /// <summary>What a stream remembers.</summary>
    public StreamMemory? Memory { get; }

    private int Hop { get; }

    private int Steps => Hop / _group;

    /// <summary>Frames that are traced where a signal has so many.</summary>
    public int Count(int frames) => frames + _late;

    /// <summary>Latents and log-densities as outputs.</summary>
    public void Output(Value z, IReadOnlyList<(string Layer, Value Nats)> layers)
    {
        _graph.Output(Signal(z, Steps), "z", Float, Batch, _group, "steps");
        Value all = layers[0].Nats.Then(1, [.. layers.Skip(1).Select(layer => layer.Nats)]);
        _graph.Output(Signal(all, 1), "log_density", Float, Batch, layers.Count, "frames");
    }

    /// <summary>The recording as an output.</summary>
    public void Output(Value audio) => _graph.Output(Signal(audio, Hop), "audio", Float, Batch, 1, "samples");

    private Value Late(Value values, int of) => _late == 0 ? values : values.PadFront(_late * of);

    private Value Signal(Value values, int of) => _late == 0 ? values : values.Slice(2, (long)_late * of);
}
