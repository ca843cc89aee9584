using System.Globalization;
using FlowVocoder.Compute;
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
public static class OnnxExporter
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
        ModelProto model = Trace(voice, options, 8), other = Trace(voice, options, 13);
        if (!model.Equals(other)) throw new InvalidOperationException("the graph depends on the length of the mel that it was traced with");
        return model.ToByteArray();
    }

    private static OnnxExportOptions Checked(LoadedVoice voice, OnnxExportOptions options)
    {
        if (voice.Model is not CompactVocoder and not WaveGlow)
            throw new VocoderException($"voice {voice.Name}: a {voice.Model.Kind} has no graph, expected a compact voice or a waveglow");
        if (voice.Model.GeneratesStepByStep)
            throw new VocoderException($"voice {voice.Name} speaks step by step, each step from all before it, which is no graph of a fixed size; expected "
                + "one that speaks in one pass, like student or compact");
        if (options.Streaming && voice.Model is WaveGlow)
            throw new VocoderException(
                $"voice {voice.Name}: a waveglow looks {voice.Model.LookAheadFrames} frames ahead and keeps no state; expected an export of whole mels");
        if (options.Streaming && options.Match > 0) throw new VocoderException("a streaming graph has no mel matching, expected --match 0");
        int match = options.Streaming ? 0 : options.Match ?? voice.Model.MatchPasses;
        if (match > 0 && Matching.MelMatching.Refusal(voice.Model.Recipe) is { } reason) throw new VocoderException(reason);
        float sigma = options.Sigma ?? voice.Sigma;
        new SynthesisOptions { Sigma = sigma, Match = match }.Validate();
        return options with { Match = match, Sigma = sigma };
    }

    private static ModelProto Trace(LoadedVoice voice, OnnxExportOptions options, int frames)
    {
        var graph = new Graph(voice.Name);
        VocoderModel model = voice.Model;
        int hop = model.Recipe.HopSize, group = (model as CompactVocoder)?.Config.Group ?? ((WaveGlow)model).Config.Group;
        object batch = options.Streaming || options.NoiseInput ? "batch" : 1;
        Value mel = graph.Input("mel", Float, batch, model.Recipe.Bands, "frames");
        StreamMemory? memory = options.Streaming ? new StreamMemory(graph) : null;
        Value noise = options.NoiseInput ? graph.Input("noise", Float, batch, group, "steps") : default;
        int late = model is CompactVocoder && !options.Streaming ? model.LookAheadFrames : 0;
        // The last frame goes on for as long as the voice looks ahead.
        Value given = late == 0 ? mel : mel.Then(2, [.. Enumerable.Repeat(mel.Slice(2, -1), late)]);
        Value drawn = options.NoiseInput ? noise : Noise(graph, given, batch, group, hop / group);
        if (options.NoiseInput && late > 0) drawn = drawn.PadFront(late * (hop / group));
        drawn *= options.Sigma!.Value;
        Value audio;
        if (model is CompactVocoder compact)
        {
            var spoken = new CompactGraph(compact, graph, memory);
            double start = 2 * Math.PI * new Philox(options.Seed).Uniform(uint.MaxValue, 0, 0);
            audio = spoken.Speak(given, drawn, frames + late, start);
            if (late > 0) audio = audio.Slice(2, (long)late * hop);
            if (options.Match > 0) audio = MatchingGraph.Match(spoken.Ops, audio, mel, model.Recipe, frames, options.Match.Value);
        }
        else audio = WaveGlowAudio((WaveGlow)model, graph, mel, drawn, frames);
        graph.Output(audio, "audio", Float, batch, 1, "samples");
        if (memory != null)
        {
            graph.Input(StreamMemory.InputName, Float, batch, memory.Size);
            graph.Output(memory.Next, StreamMemory.OutputName, Float, batch, memory.Size);
        }
        return Model(graph, voice, options, memory);
    }

    private static Value WaveGlowAudio(WaveGlow model, Graph graph, Value mel, Value noise, int frames)
    {
        var ops = new OnnxOps(graph);
        int steps = frames * model.Recipe.HopSize / model.Config.Group, first = 0;
        var parts = new List<Tensor>();
        foreach (int channels in model.NoiseChannels)
        {
            parts.Add(OnnxOps.TensorOf(noise.Slice(1, first, first + channels), 1, channels, steps));
            first += channels;
        }
        return ops.ValueOf(model.Generate(ops, OnnxOps.TensorOf(mel, 1, model.Recipe.Bands, frames), parts));
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
        void Say(string key, object value) =>
            model.MetadataProps.Add(new StringStringEntryProto { Key = key, Value = Convert.ToString(value, CultureInfo.InvariantCulture) });
        // By this sherpa-onnx knows a vocoder of one input, the mel, and one output, the waveform.
        Say("model_type", "hifigan");
        Say("voice", voice.Name);
        Say("kind", voice.Model.Kind);
        Say("sample_rate", recipe.SampleRate);
        Say("hop_length", recipe.HopSize);
        Say("num_mels", recipe.Bands);
        Say("mel_recipe", recipe.ToJson());
        Say("sigma", options.Sigma!);
        Say("match_passes", options.Match!);
        Say("look_ahead_frames", voice.Model.LookAheadFrames);
        if (memory != null) Say("delay_samples", voice.Model.LookAheadFrames * recipe.HopSize);
        Say("licence", voice.File?.Licence ?? "");
        Say("provenance", voice.File?.Provenance ?? "");
        return model;
    }
}
