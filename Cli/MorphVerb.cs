using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Two recordings → what lies between them.</summary>
internal sealed class MorphVerb : Verb
{
    private const int DefaultSteps = 5, MaxSteps = 100;
    private const double GapSeconds = 0.3;

    private readonly Argument<string> _first = new("A.wav") { Description = "The recording to begin with" };
    private readonly Argument<string> _second = new("B.wav")
    {
        Description = "The recording to end with: of the same words, for anything that sounds like speech between",
    };
    private readonly Argument<string> _output = new("OUT.wav") { Description = "The recording to write: all steps one after the other, 0.3 s apart" };
    private readonly Option<int> _steps = new("--steps")
    {
        Description = $"How many to speak from A to B, both included, 2 to {MaxSteps}. Default: {DefaultSteps}", HelpName = "N", CustomParser = result =>
            Inputs.Integer(result, 2, MaxSteps),
    };
    private readonly Option<float?> _at = Inputs.NumberWithin("--at", "X", "Speak one only: 0 is A, 1 is B, 0.5 half way", 0, 1);
    private readonly Option<string?> _voice = Inputs.Voice("The voice in whose latent space the way lies", VoiceLibrary.DefaultJudge);
    private readonly Option<int> _threads = Inputs.Threads();
    private readonly Engines _engines;

    public MorphVerb() : base("morph", "Turns one recording into another by way of a voice's latent space: latents are interpolated spherically, mels and "
        + "pitch linearly, along an alignment in time.",
        "vocoder morph mine.wav yours.wav between.wav --steps 7",
        "vocoder morph mine.wav yours.wav half.wav --at 0.5")
    {
        foreach (Argument<string> file in (Argument<string>[])[_first, _second, _output]) Add(file.OfFiles());
        foreach (Option option in (Option[])[_steps, _at, _voice, _threads]) Add(option);
        _engines = new Engines(this);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string first = arguments.GetRequiredValue(_first), second = arguments.GetRequiredValue(_second), output = arguments.GetRequiredValue(_output);
        terminal = terminal.Beside(output);
        int steps = arguments.GetResult(_steps) is null ? DefaultSteps : arguments.GetValue(_steps);
        float? at = arguments.GetValue(_at);
        if (at != null && arguments.GetResult(_steps) != null) throw new UsageException("found both --steps and --at, expected one of them");
        Files.CheckNotAnInput(output, [first, second]);
        Files.CheckEnding(output, "a recording", ".wav", ".wave");
        LoadedVoice voice = _engines.PutForwards(arguments, arguments.LoadVoice(_voice, VoiceLibrary.DefaultJudge));
        Files.CheckWritable(output);
        Parallelism parallelism = arguments.Parallelism(_threads);
        MelRecipe recipe = voice.Model.Recipe;
        LatentSpeech a = EncodeVerb.Read(first, voice, parallelism, terminal).Latent, b = EncodeVerb.Read(second, voice, parallelism, terminal).Latent;
        LatentMorph morph = Align(first, second, a, b, recipe);
        double[] weights = at is { } one ? [one] : [.. Enumerable.Range(0, steps).Select(k => k / (steps - 1.0))];
        LatentSpeech[] between = [.. weights.Select(morph.At)];
        StepByStepCost.TellSpeaking(voice, between.Sum(latent => (long)latent.Samples / recipe.HopSize), terminal);
        float[] spoken = Speak(between, voice, parallelism, terminal);
        WavFile.Write(output, spoken, recipe.SampleRate);
        string what = at is null ? $"{steps} steps from '{first}' to '{second}'" : FormattableString.Invariant($"{at} of the way from '{first}' to '{second}'");
        terminal.Say($"{output}: {what}, {(double)spoken.Length / recipe.SampleRate:0.00} s under voice {voice.Name}");
        return VocoderCommand.Success;
    }

    private static LatentMorph Align(string first, string second, LatentSpeech a, LatentSpeech b, MelRecipe recipe)
    {
        try
        {
            return new LatentMorph(a, b, recipe);
        }
        catch (VocoderException e)
        {
            throw new VocoderException($"'{first}' and '{second}': {e.Message}", e);
        }
    }

    private static float[] Speak(LatentSpeech[] between, LoadedVoice voice, Parallelism parallelism, Terminal terminal)
    {
        var spoken = new List<float>();
        foreach (LatentSpeech latent in between)
        {
            if (spoken.Count > 0) spoken.AddRange(new float[(int)(GapSeconds * voice.Model.Recipe.SampleRate)]);
            spoken.AddRange(voice.Model.Decode(latent, parallelism, terminal.Cancellation));
        }
        return [.. spoken];
    }
}
