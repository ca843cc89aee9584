using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Features;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Recording → mel.</summary>
internal sealed class MelVerb : Verb
{
    private readonly Argument<string> _input = new("IN.wav")
    {
        Description = "A wav, flac, aiff, mp3, ogg or opus file of any sample rate and number of channels; '-' is standard input",
    };
    private readonly Argument<string> _output = new("OUT.npy") { Description = "The mel to write: float32 of shape [bands, frames]" };
    private readonly Option<string?> _recipe = new("--recipe")
    {
        Description = "How the mel is made, one of --list-recipes. Default: the recipe of the voice",
        HelpName = "NAME",
    };
    private readonly Option<bool> _list = new("--list-recipes") { Description = "List the recipes of the toolkits, and what each says", Action = new ListRecipes() };
    private readonly Option<string?> _stats = Inputs.Statistics("Normalise each band by this mean and deviation, as the toolkit's vocoders read it");
    private readonly Option<string?> _voice = Inputs.Voice("The voice that the mel is for");

    public MelVerb() : base("mel", "Computes the mel spectrogram of a recording, as a voice or a toolkit expects it.",
        "vocoder mel speech.wav speech.npy",
        "vocoder mel speech.flac speech.npy --recipe nvidia",
        "vocoder mel speech.wav speech.npy --recipe parallelwavegan --stats stats.npy",
        "sox speech.wav -t wav - | vocoder mel - speech.npy",
        "vocoder mel --list-recipes")
    {
        Add(_input.OfFiles(orPipe: true));
        Add(_output.OfFiles());
        Add(_recipe);
        Add(_stats);
        Add(_list);
        Add(_voice);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string input = arguments.GetRequiredValue(_input), output = arguments.GetRequiredValue(_output);
        terminal = terminal.Beside(output);
        string? name = arguments.GetValue(_recipe), voice = arguments.GetValue(_voice);
        if (name != null && voice != null) throw new UsageException("found both --recipe and --voice, expected one of them");
        if (input != Pipes.Dash) Files.CheckNotAnInput(output, [input]);
        Files.CheckEnding(output, "a mel", ".npy");
        MelRecipe recipe = name != null ? Inputs.Recipe(name) : VoiceLibrary.LoadRecipe(voice ?? VoiceLibrary.DefaultVoice);
        MelStatistics? statistics = arguments.GetValue(_stats) is { } stats ? MelStatisticsFile.Read(stats, recipe.Bands) : null;
        Files.CheckWritable(output);
        float[] audio = Files.ReadRecording(input, recipe.SampleRate, terminal);
        var spectrogram = new MelSpectrogram(recipe);
        if (spectrogram.FrameCount(audio.Length) == 0)
            throw new VocoderException($"'{Files.Name(input)}' has {audio.Length} samples at {recipe.SampleRate} Hz, expected at least one frame of {recipe.HopSize}");
        float[] mel = spectrogram.Compute(audio);
        int frames = mel.Length / recipe.Bands;
        statistics?.Normalize(mel);
        MelFile.Write(output, mel, recipe.Bands, frames);
        terminal.Say($"{output}: {frames} frames of {recipe.Bands} bands, {(double)audio.Length / recipe.SampleRate:0.00} s, recipe {recipe.Name} ({recipe.Description})");
        return VocoderCommand.Success;
    }
}
