using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Features;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Recording → mel.</summary>
internal sealed class MelVerb : Verb
{
    private readonly Argument<string> _input = new("IN.wav") { Description = "A wav, flac, aiff, mp3 or ogg file of any sample rate and number of channels" };
    private readonly Argument<string> _output = new("OUT.npy") { Description = "The mel to write: float32 of shape [bands, frames]" };
    private readonly Option<string?> _recipe = new("--recipe")
    {
        Description = $"How the mel is made: {string.Join(", ", MelRecipe.Presets.Select(p => p.Name))}. Default: the recipe of the voice",
        HelpName = "NAME",
    };
    private readonly Option<string?> _voice = Inputs.Voice("The voice that the mel is for");

    public MelVerb() : base("mel", "Computes the mel spectrogram of a recording, as a voice or a toolkit expects it.",
        "vocoder mel speech.wav speech.npy",
        "vocoder mel speech.flac speech.npy --recipe nvidia")
    {
        Add(_input.OfFiles());
        Add(_output.OfFiles());
        Add(_recipe);
        Add(_voice);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string input = arguments.GetRequiredValue(_input), output = arguments.GetRequiredValue(_output);
        terminal = terminal.Beside(output);
        string? name = arguments.GetValue(_recipe), voice = arguments.GetValue(_voice);
        if (name != null && voice != null) throw new UsageException("found both --recipe and --voice, expected one of them");
        Files.CheckNotAnInput(output, [input]);
        Files.CheckEnding(output, "a mel", ".npy");
        MelRecipe recipe = name != null ? Inputs.Recipe(name) : VoiceLibrary.LoadRecipe(voice ?? VoiceLibrary.DefaultVoice);
        Files.CheckWritable(output);
        float[] audio = Files.ReadRecording(input, recipe.SampleRate, terminal);
        var spectrogram = new MelSpectrogram(recipe);
        if (spectrogram.FrameCount(audio.Length) == 0)
            throw new VocoderException($"'{input}' has {audio.Length} samples at {recipe.SampleRate} Hz, expected at least one frame of {recipe.HopSize}");
        float[] mel = spectrogram.Compute(audio);
        int frames = mel.Length / recipe.Bands;
        MelFile.Write(output, mel, recipe.Bands, frames);
        terminal.Say($"{output}: {frames} frames of {recipe.Bands} bands, {(double)audio.Length / recipe.SampleRate:0.00} s, recipe {recipe.Name} ({recipe.Description})");
        return VocoderCommand.Success;
    }
}
