using System.Globalization;
using FlowVocoder.Compute;
using FlowVocoder.Matching;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;
using Google.Protobuf;
using global::Onnx;

namespace FlowVocoder.Onnx;

/// <summary>
/// Writes a voice as an ONNX graph that needs nothing beside it: mel in, waveform out. The graph is the voice itself, run once on operations that write nodes;
/// it is run at two lengths, and where the graphs differ a length has become a constant, which is refused.
/// </summary>
public static partial class OnnxExporter
{
    /// <summary>Version of the operator set; runtimes of 2022 and later have it.</summary>
    public const int Opset = 17;

    // ONNX 1.12, which brought the operator set.
    private const int IrVersion = 8;
    private const TensorProto.Types.DataType Float = TensorProto.Types.DataType.Float;

    /// <summary>The graph of a voice as bytes of an .onnx file.</summary>
    /// <exception cref="VocoderException">The voice speaks step by step, or the options do not fit it.</exception>
    public static byte[] Export(LoadedVoice voice, OnnxExportOptions options)
    {
        options = Checked(voice, options);
        var constants = new Dictionary<string, ByteString>(StringComparer.Ordinal);
        ModelProto model = Trace(voice, options, 8, constants), other = Trace(voice, options, 13, constants);
        if (!model.Equals(other)) throw new InvalidOperationException("the graph depends on the length of the mel that it was traced with");
        return model.ToByteArray();
    }

    private static OnnxExportOptions Checked(LoadedVoice voice, OnnxExportOptions options)
    {
        if (voice.Model is not CompactVocoder and not WaveGlow)
            throw new VocoderException($"voice {voice.Name}: a {voice.Model.Kind} has no graph, expected a compact voice or a waveglow");
        if (voice.Model is WaveGlow { Config: var glow } && voice.Model.Recipe.HopSize % glow.Group != 0)
            throw new VocoderException($"voice {voice.Name}: a hop of {voice.Model.Recipe.HopSize} samples is no whole number of groups of {glow.Group}, which "
                + "has no graph; expected a hop that is");
        if (options.Task == OnnxTask.Score) RequireScores(voice);
        else if (voice.Model.GeneratesStepByStep)
            throw new VocoderException($"voice {voice.Name} speaks step by step, each step from all before it, which is no graph of a fixed size; expected "
                + "one that speaks in one pass, like student or compact");
        if (options.Streaming && voice.Model is WaveGlow)
            throw new VocoderException(
                $"voice {voice.Name}: a waveglow looks {voice.Model.LookAheadFrames} frames ahead and keeps no state; expected an export of whole mels");
        if (options.Task != OnnxTask.Speak) return WithoutSpeech(options);
        bool isShifted = options.Pitch != 0 || options.PitchInput;
        if (isShifted && voice.Model is not CompactVocoder { UsesPhase: true })
            throw new VocoderException($"voice {voice.Name} has no phase condition and takes the pitch from the mel alone, expected a graph without another");
        if (options.Pitch != 0 && options.PitchInput)
            throw new VocoderException("the pitch is an option of the graph and an input of it, expected one of them");
        // As an input it is taken for another pitch than that of the mel.
        float pitch = options.PitchInput ? 1 : options.Pitch;
        var synthesis = new SynthesisOptions { Sigma = options.Sigma ?? voice.Sigma, PitchShift = pitch, Match = options.Match };
        int match = options.Streaming ? options.Match ?? 0 : synthesis.ForWholeMel(voice.Model).Match!.Value;
        if (match > 0 && MelMatching.Refusal(voice.Model.Recipe) is { } reason) throw new VocoderException(reason);
        (synthesis with { Match = match }).Validate();
        return options with { Match = match, Sigma = synthesis.Sigma };
    }

    private static ModelProto Trace(LoadedVoice voice, OnnxExportOptions options, int frames, Dictionary<string, ByteString> constants)
    {
        var graph = new Graph(voice.Name, written: constants);
        return options.Task == OnnxTask.Speak ? TraceSpeech(voice, graph, options, frames) : TraceLatents(voice, graph, options, frames);
    }

    private static ModelProto TraceSpeech(LoadedVoice voice, Graph graph, OnnxExportOptions options, int frames)
    {
        VocoderModel model = voice.Model;
        int hop = model.Recipe.HopSize, group = (model as CompactVocoder)?.Config.Group ?? ((WaveGlow)model).Config.Group;
        object batch = options.Streaming || options.NoiseInput ? "batch" : 1;
        Value mel = graph.Input("mel", Float, batch, model.Recipe.Bands, "frames");
        StreamMemory? memory = options.Streaming ? new StreamMemory(graph) : null;
        Value noise = options.NoiseInput ? graph.Input("noise", Float, batch, group, "steps") : default;
        PitchShift shift = options.PitchInput ? new(graph.Input(PitchShift.InputName, Float, batch)) : new(options.Pitch);
        int late = model is CompactVocoder && !options.Streaming ? model.LookAheadFrames : 0;
        // The last frame goes on for as long as the voice looks ahead.
        Value given = late == 0 ? mel : mel.Then(2, [.. Enumerable.Repeat(mel.Slice(2, -1), late)]);
        Value drawn = options.NoiseInput ? noise : Noise(graph, given, batch, group, hop / group);
        if (options.NoiseInput && late > 0) drawn = drawn.PadFront(late * (hop / group));
        drawn *= options.Sigma!.Value;
        MelMatching? matching = options.Match > 0 ? new MelMatching(model.Recipe, isEnvelope: shift.IsAny) : null;
        var ops = new OnnxOps(graph, memory);
        Value audio = model is WaveGlow glow ? Speak(glow, ops, mel, drawn, frames)
            : Speak(new CompactGraph((CompactVocoder)model, graph, ops, memory, shift), given, drawn, frames + late, options, matching);
        if (late > 0) audio = audio.Slice(2, (long)late * hop);
        if (matching != null && memory == null) audio = MatchingGraph.Match(ops, audio, mel, matching, model.Recipe, frames, options.Match!.Value);
        graph.Output(audio, "audio", Float, batch, 1, "samples");
        Carry(graph, memory, batch);
        ModelProto proto = Model(graph, voice, options, memory);
        // By this sherpa-onnx knows a vocoder of one input, the mel, and one output, the waveform.
        Say(proto, "model_type", "hifigan");
        Say(proto, "sigma", options.Sigma!);
        Say(proto, "match_passes", options.Match!);
        if (!options.PitchInput) Say(proto, "pitch", options.Pitch);
        return proto;
    }

    private static void Carry(Graph graph, StreamMemory? memory, object batch)
    {
        if (memory == null) return;
        graph.Input(StreamMemory.InputName, Float, batch, memory.Size);
        graph.Output(memory.Next, StreamMemory.OutputName, Float, batch, memory.Size);
    }

    // A stream is matched as it is spoken, by frames that say where they lie.
    private static Value Speak(CompactGraph voice, Value mel, Value noise, int count, OnnxExportOptions options, MelMatching? matching)
    {
        int passes = options.Match!.Value;
        double startPhase = 2 * Math.PI * new Philox(options.Seed).Uniform(uint.MaxValue, 0, 0);
        if (!options.Streaming || matching == null) return voice.Speak(mel, noise, count, startPhase).Speech;
        var (speech, frames) = voice.Speak(mel, noise, count, startPhase, MatchingStreamGraph.Reach(matching, passes));
        return voice.Match(matching, passes, frames, speech, mel, count);
    }

    private static Value Speak(WaveGlow model, OnnxOps ops, Value mel, Value noise, int frames) =>
        Generate(model, ops, mel, Parts(noise, model.NoiseChannels, frames * model.Recipe.HopSize / model.Config.Group), frames);

    private static Value Generate(WaveGlow model, OnnxOps ops, Value mel, IReadOnlyList<Tensor> noise, int frames) =>
        ops.ValueOf(model.Generate(ops, OnnxOps.TensorOf(mel, 1, model.Recipe.Bands, frames), noise));

    // Channels that belong together, one part after the other.
    internal static List<Tensor> Parts(Value values, IEnumerable<int> channels, int steps)
    {
        var parts = new List<Tensor>();
        int first = 0;
        foreach (int count in channels)
        {
            parts.Add(OnnxOps.TensorOf(values.Slice(1, first, first + count), 1, count, steps));
            first += count;
        }
        return parts;
    }

    // Normal numbers [b, group, n·steps], new ones in each run.
    private static Value Noise(Graph graph, Value mel, object batch, int group, int steps)
    {
        Value frame = mel.Slice(1, 0, 1) * 0f;
        Value zeros = Frames.Repeat(frame, steps) * graph.Constant(new float[group], group, 1);
        return graph.Node("RandomNormalLike", [zeros], ("dtype", (int)Float));
    }

    private static ModelProto Model(Graph graph, LoadedVoice voice, OnnxExportOptions options, StreamMemory? memory)
    {
        var model = new ModelProto { IrVersion = IrVersion, ProducerName = "FlowVocoder", Graph = graph.Proto };
        model.OpsetImport.Add(new OperatorSetIdProto { Version = Opset });
        Features.MelRecipe recipe = voice.Model.Recipe;
        Say(model, "task", options.Task.ToString().ToLowerInvariant());
        Say(model, "voice", voice.Name);
        Say(model, "kind", voice.Model.Kind);
        Say(model, "sample_rate", recipe.SampleRate);
        Say(model, "hop_length", recipe.HopSize);
        Say(model, "num_mels", recipe.Bands);
        Say(model, "mel_recipe", recipe.ToJson());
        Say(model, "look_ahead_frames", voice.Model.LookAheadFrames);
        if (memory != null) Say(model, "delay_samples", voice.Model.LatencyWith(options.Match ?? 0).Samples);
        Say(model, "licence", voice.File?.Licence ?? "");
        Say(model, "provenance", voice.File?.Provenance ?? "");
        return model;
    }

    private static void Say(ModelProto model, string key, object value) =>
        model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = Convert.ToString(value, CultureInfo.InvariantCulture) });
}
