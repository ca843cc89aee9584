using System.CommandLine;
using System.Globalization;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Recording → exact likelihood.</summary>
internal sealed class ScoreVerb : Verb
{
    // One step of 16-bit quantisation is 2^-15 of full scale.
    private const double StepBits = 15;

    private readonly Argument<string[]> _files = new("[MEL.npy] IN.wav")
    {
        Description = "The recording, '-' for standard input, and before it its mel where it should not be computed from the recording",
        Arity = new ArgumentArity(1, 2),
    };
    private readonly Option<string?> _voice = Inputs.Voice("The voice that judges", VoiceLibrary.DefaultJudge);
    private readonly Option<int> _threads = Inputs.Threads();
    private readonly Engines _engines;

    public ScoreVerb() : base("score", "Tells how likely a recording is under a voice: the exact log-likelihood, and what each layer of the flow contributes.",
        "vocoder score speech.wav",
        "vocoder score speech.npy speech.wav --voice mine.safetensors",
        "cat speech.flac | vocoder score -")
    {
        Add(_files.OfFiles(orPipe: true));
        Add(_voice);
        Add(_threads);
        _engines = new Engines(this);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string[] files = arguments.GetRequiredValue(_files);
        string input = files[^1], name = Files.Name(input);
        if (files is [Pipes.Dash, _]) throw new UsageException("the mel is '-', expected a file; the recording may come through standard input");
        LoadedVoice voice = _engines.PutForwards(arguments, arguments.LoadVoice(_voice, VoiceLibrary.DefaultJudge));
        Parallelism parallelism = arguments.Parallelism(_threads);
        MelRecipe recipe = voice.Model.Recipe;
        using RecordingSource audio = Files.OpenRecording(input, recipe.SampleRate, terminal);
        // What is wrong with it, at its end even, shows before the work.
        audio.ReadThrough(static _ => { });
        Files.Tell(input, audio, terminal);
        if (audio.Samples < recipe.HopSize)
            throw new VocoderException($"'{name}' has {audio.Samples} samples at {recipe.SampleRate} Hz, expected at least one frame of {recipe.HopSize}");
        float[]? mel = files.Length == 2 ? new MelInput(voice, null).Read(files[0], terminal).Data : null;
        long hops = audio.Samples / recipe.HopSize, frames = mel?.Length / recipe.Bands ?? hops;
        if (Math.Abs(frames - hops) > 1)
            terminal.Warn($"vocoder: warning: '{files[0]}' has {frames} frames and '{name}' {hops}: the first {Math.Min(frames, hops)} are scored");
        StepByStepCost.TellScoring(voice, Math.Min(frames, hops), terminal);
        Print(voice.Model.Score(audio, mel, parallelism), name, voice, terminal);
        return VocoderCommand.Success;
    }

    private static void Print(Likelihood score, string file, LoadedVoice voice, Terminal terminal)
    {
        double seconds = (double)score.Samples / voice.Model.Recipe.SampleRate, bits = Bits(score.NatsPerSample);
        terminal.Say($"{file}: {score.NatsPerSample:0.0000} nats per sample{(score.StandardError is { } error ? $" ± {error:0.0000} (standard error of an estimate)" : "")}, {bits:0.0000} bits per sample under voice {voice.Name}");
        terminal.Say($"over {score.Samples} samples ({seconds:0.00} s); as a code: {StepBits - bits:0.00} bits for each 16-bit sample");
        var table = new TextTable(false, true, true);
        table.Add("layer", "nats per sample", "bits per sample");
        foreach (var (layer, nats) in score.Parts) table.Add(layer, Number(nats), Number(Bits(nats)));
        table.Add("sum", Number(score.NatsPerSample), Number(bits));
        terminal.Out.Write(table.ToString());
    }

    private static double Bits(double nats) => nats / Math.Log(2);

    private static string Number(double value) => value.ToString("0.0000", CultureInfo.InvariantCulture);
}
