using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Features;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Recording → mel.</summary>
internal sealed class MelVerb : Verb
{
    private readonly Argument<string> _input = new("IN.wav|MEL.npy")
    {
        Description = "A wav, flac, aiff, mp3, ogg or opus file of any sample rate and number of channels; '-' is standard input; or a mel of --mel-recipe, "
            + "to be turned into another",
    };
    private readonly Argument<string> _output = new("OUT.npy") { Description = "The mel to write: float32 of shape [bands, frames]" };
    private readonly Option<string?> _recipe = new("--recipe")
    {
        Description = "How the mel is made, one of --list-recipes. Default: the recipe of the voice",
        HelpName = "NAME",
    };
    private readonly Option<bool> _list = new("--list-recipes")
    {
        Description = "List the recipes of the toolkits, and what each says", Action = new ListRecipes(),
    };
    private readonly MelOptions _mels;
    private readonly Option<string?> _voice = Inputs.Voice("The voice that the mel is for");

    public MelVerb() : base("mel", "Computes the mel spectrogram of a recording, as a voice or a toolkit expects it.",
        "vocoder mel speech.wav speech.npy",
        "vocoder mel speech.flac speech.npy --recipe nvidia",
        "vocoder mel speech.wav speech.npy --recipe parallelwavegan --stats stats.npy",
        "sox speech.wav -t wav - | vocoder mel - speech.npy",
        "vocoder mel theirs.npy ours.npy --mel-recipe nvidia",
        "vocoder mel --list-recipes")
    {
        Add(_input.OfFiles(orPipe: true));
        Add(_output.OfFiles());
        Add(_recipe);
        _mels = new MelOptions(this, "Mean and deviation by which each band of a recording's mel is to be normalised, and that of MEL.npy was");
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
        if (Path.GetExtension(input).Equals(".npy", StringComparison.OrdinalIgnoreCase)) return Convert(arguments, input, output, recipe, terminal);
        if (_mels.Recipe(arguments) != null)
            throw new UsageException($"--mel-recipe says what made a mel, and '{Files.Name(input)}' is a recording: expected --recipe");
        MelStatistics? statistics = _mels.Statistics(arguments, recipe.Bands);
        Files.CheckWritable(output);
        float[] audio = Files.ReadRecording(input, recipe.SampleRate, terminal);
        var spectrogram = new MelSpectrogram(recipe);
        if (spectrogram.FrameCount(audio.Length) == 0)
            throw new VocoderException(
                $"'{Files.Name(input)}' has {audio.Length} samples at {recipe.SampleRate} Hz, expected at least one frame of {recipe.HopSize}");
        float[] mel = spectrogram.Compute(audio);
        int frames = mel.Length / recipe.Bands;
        statistics?.Normalize(mel);
        MelFile.Write(output, mel, recipe.Bands, frames);
        terminal.Say($"{output}: {frames} frames of {recipe.Bands} bands, {(double)audio.Length / recipe.SampleRate:0.00} s, recipe {recipe.Name} ({recipe.Description})");
        return VocoderCommand.Success;
    }

    private int Convert(ParseResult arguments, string input, string output, MelRecipe recipe, Terminal terminal)
    {
        MelConversion conversion = _mels.Conversion(arguments, recipe, $"the recipe '{recipe.Name}'", terminal)
            ?? throw new UsageException($"'{input}' is a mel, expected --mel-recipe or --stats to say what made it");
        Files.CheckWritable(output);
        MelArray mel = MelFile.Read(input, conversion.Source.Bands, conversion.Source.FramesFirst).Convert(conversion);
        MelFile.Write(output, mel.Data, mel.Bands, mel.Frames);
        terminal.Say($"{output}: {mel.Frames} frames of {mel.Bands} bands, recipe {recipe.Name} ({recipe.Description})");
        return VocoderCommand.Success;
    }
}
