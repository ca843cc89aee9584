using System.CommandLine;
using System.Text.Json;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>What a voice is.</summary>
internal sealed class InfoVerb : Verb
{
    private readonly Argument<string> _voice = new("VOICE") { Description = "An installed voice or a voice file" };

    private readonly SolverOption _solver;

    public InfoVerb() : base("info", "Describes a voice: configuration, recipe, size, cost, delay, where it came from and under which licence.",
        "vocoder info compact")
    {
        Add(_voice.OfFiles());
        _solver = new SolverOption(this);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string asked = arguments.GetRequiredValue(_voice);
        if (File.Exists(asked) && FlowtronCheckpoint.CanRead(asked))
        {
            terminal.Out.Write(OfFlowtron(asked));
            return VocoderCommand.Success;
        }
        LoadedVoice voice = _solver.Put(arguments, VoiceLibrary.Load(asked));
        var table = new TextTable(false, false);
        table.Add("voice", voice.Name);
        table.Row("file", $"{voice.Source}, {new FileInfo(voice.Source).Length / 1e6:0.0} MB");
        Model(table, voice.Model);
        Recipe(table, voice.Model.Recipe);
        table.Add("engines", $"{VoiceEngine.Managed}, used where no other is asked for by --engine");
        foreach (VoiceEngine engine in VoiceEngine.Registered) table.Add("", $"{engine.Name}: {engine.Description}");
        foreach (var (name, how) in VoiceEngine.Missing) table.Add("", $"{name}: not in this build; {how} brings it");
        if (voice.File is { } file) Origin(table, file, voice.Sigma);
        terminal.Out.Write(table.ToString());
        return VocoderCommand.Success;
    }

    private static string OfFlowtron(string file)
    {
        Flowtron model = FlowtronCheckpoint.Read(file);
        FlowtronConfig config = model.Config;
        MelRecipe recipe = model.Recipe;
        var table = new TextTable(false, false);
        table.Row("file", $"{file}, {new FileInfo(file).Length / 1e6:0.0} MB");
        table.Add("kind", "flowtron, makes mels of texts: vocoder speak TEXT OUT.wav --flowtron FILE");
        table.Row("parameters", $"{model.Parameters.Count:N0}");
        string streams = config.Flows == 1 ? "which streams" : "of which the one that is undone last streams and the others wait for the end";
        table.Row("flows", $"{config.Flows} over the frames of a mel, {streams}");
        table.Row("speakers", $"{config.Speakers}");
        table.Row("symbols", $"{config.Symbols}");
        table.Row("attention", $"{config.AttentionChannels} channels{(config.CumulativeAttention ? ", cumulative" : "")}");
        table.Row("decoder", $"{config.LstmLayers} LSTM layers of {config.Hidden} channels");
        table.Row("prior", $"{(config.Components == 0 ? "normal" : $"mixture of {config.Components} normal ones")}");
        if (config.MelChannels == recipe.Bands) Recipe(table, recipe);
        else table.Row("bands", $"{config.MelChannels}");
        if (FlowtronCheckpoint.Voice(file) is { } voice)
        {
            if (voice.Metadata.GetValueOrDefault("speakers") is { Length: > 0 } names) table.Add("names", $"{names}, the speakers from 0 on");
            Origin(table, voice, null);
        }
        return table.ToString();
    }

    private static void Model(TextTable table, VocoderModel model)
    {
        int rate = model.Recipe.SampleRate, hop = model.Recipe.HopSize;
        double Milliseconds(long samples) => 1000.0 * samples / rate;
        table.Add("kind", model.Kind);
        table.Row("parameters", $"{model.Parameters.Count:N0}");
        table.Row("cost", $"{model.MacsPerSecond / 1e9:0.000} GMAC per second of audio");
        if (model is CompactVocoder { Config: { Flow: FlowKind.Continuous } config }) 
            table.Row("solver", $"{config.Solver}, {config.SolverSteps} steps");
        if (model.GeneratesStepByStep) table.Add("speaks", "step by step (an autoregressive teacher)");
        if (model.ScoresStepByStep) table.Add("scores", "step by step (an inverse autoregressive student)");
        table.Row("look-ahead", $"{model.LookAheadFrames} frames, {Milliseconds(model.LookAheadFrames * hop):0.0} ms");
        table.Row("latency",
            $"{model.LookAheadFrames + 1} frames, {Milliseconds((model.LookAheadFrames + 1) * hop):0.0} ms until the first samples, apart from computing");
        if (model.MatchPasses > 0)
        {
            StreamLatency one = model.LatencyWith(1), two = model.LatencyWith(2);
            table.Row("matching", $"{model.MatchPasses} passes for the whole mel of a recording, 1 for streams; with one the look-ahead is {one.Frames} frames, {one.Milliseconds:0.0} ms, each further one adds {two.Milliseconds - one.Milliseconds:0.0} ms");
        }
        table.Row("past context", $"{model.PastSamples:N0} samples, {Milliseconds(model.PastSamples):0.0} ms");
    }

    private static void Recipe(TextTable table, MelRecipe recipe)
    {
        table.Row("recipe", $"{recipe.Name} ({recipe.Description})");
        table.Row("", $"{recipe.SampleRate} Hz, FFT {recipe.FftSize}, window {recipe.WindowSize}, hop {recipe.HopSize}, {recipe.Centering}");
        table.Row("", $"{recipe.Bands} bands of {recipe.MinFrequency} to {recipe.MaxFrequency} Hz, scale {recipe.MelScale}, norm {recipe.MelNorm}");
        table.Row("", $"logarithm {recipe.Logarithm} of power {recipe.SpectrumPower}, floor {recipe.Floor:0.##e+0}");
    }

    private static void Origin(TextTable table, VoiceFile file, float? sigma)
    {
        if (sigma is { } deviation) table.Row("sigma", $"{deviation} by default");
        table.Row("steps", $"{file.Steps:N0}");
        table.Add("provenance", file.Provenance);
        table.Add("data licence", file.Licence);
        string title = "configuration";
        using JsonDocument config = JsonDocument.Parse(file.Config);
        foreach (JsonProperty member in config.RootElement.EnumerateObject())
        {
            table.Row(title, $"{member.Name} {member.Value.ToString().ReplaceLineEndings("").Replace(" ", "", StringComparison.Ordinal)}");
            title = "";
        }
    }
}
