using System.CommandLine;
using System.Security.Cryptography;
using FlowVocoder.AudioIO;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Somebody's checkpoint → voice.</summary>
internal sealed class ImportVerb : Verb
{
    // What NVIDIA's README speaks its samples with, and what ClariNet's program does.
    private const float UsualSigma = 0.6f, ClariNetSigma = 1f;

    private readonly Argument<string> _input = new("CHECKPOINT")
    {
        Description = "A WaveGlow of NVIDIA's code: .pt of the model or a training run in every layout that was published, DeepLearningExamples' and NeMo's "
            + "among them (.nemo too), or a state dict as .safetensors; a WaveFlow, FloWaveNet or WaveNODE; teacher or student of a ClariNet",
    };
    private readonly Argument<string> _output = new("VOICE.safetensors") { Description = "The voice to write" };
    private readonly Option<string?> _name = new("--name") { Description = "Name of the voice. Default: that of its file", HelpName = "NAME" };
    private readonly Option<string?> _licence = new("--licence")
    {
        Description = "Licence of the weights, told with the voice. Default: not stated", HelpName = "TEXT",
    };
    private readonly Option<string?> _recipe = new("--recipe")
    {
        Description = "Recipe of the mels it was trained on, one of 'vocoder mel --list-recipes'. Default: nvidia", HelpName = "NAME",
    };
    private readonly Option<float?> _sigma = Inputs.NumberWithin("--sigma", "X",
        "Standard deviation of the noise that it speaks with unless asked otherwise, 0 to 10. Default: 0.6, for a ClariNet 1", 0, 10);
    private readonly Option<string?> _teacher = new("--teacher")
    {
        Description = "Checkpoint of the teacher of a ClariNet, which brings mels to audio rate for its student", HelpName = "CHECKPOINT",
    };

    public ImportVerb() : base("import", "Makes a voice of a published checkpoint.",
        "vocoder import waveglow_256channels.pt waveglow.safetensors --licence BSD-3-Clause",
        "vocoder synth mel.npy out.wav --voice waveglow.safetensors --denoise 0.1",
        "vocoder import student.pth clarinet.safetensors --teacher teacher.pth")
    {
        Add(_input.OfFiles());
        Add(_output.OfFiles());
        foreach (Option option in (Option[])[_name, _licence, _recipe, _sigma, _teacher]) Add(option);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string input = arguments.GetRequiredValue(_input), output = arguments.GetRequiredValue(_output);
        string? teacher = arguments.GetValue(_teacher);
        Files.CheckNotAnInput(output, teacher == null ? [input] : [input, teacher]);
        Files.CheckEnding(output, "a voice", ".safetensors");
        MelRecipe? recipe = arguments.GetValue(_recipe) is { } typed ? Inputs.Recipe(typed) : null;
        if (FlowtronCheckpoint.CanRead(input))
            throw new VocoderException($"'{input}' is a Flowtron, which needs no import: vocoder speak TEXT OUT.wav --flowtron {input}");
        if (!WaveGlowVoice.CanRead(input))
            throw new VocoderException($"'{input}' is a voice already, or no checkpoint, "
                + "expected that of a WaveGlow, WaveFlow, FloWaveNet, WaveNODE or ClariNet");
        Files.CheckWritable(output);
        ImportedCheckpoint import = ImportedCheckpoint.Read(input, recipe, teacher);
        string iteration = import.Iteration is { } step ? FormattableString.Invariant($", iteration {step}") : "", provenance = FormattableString.Invariant(
            $"imported by vocoder import from {Path.GetFileName(input)}, SHA-256 {Hash(input)}, {import.Tensors} tensors{iteration}");
        var metadata = new Dictionary<string, string>
        {
            [LoadedVoice.SigmaKey] = (arguments.GetValue(_sigma) ?? (import.Model is ClariNetVocoder ? ClariNetSigma : UsualSigma))
                .ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
        VoiceFile voice = VoiceFile.Of(import.Model, arguments.GetValue(_name) ?? Path.GetFileNameWithoutExtension(output),
            arguments.GetValue(_licence) ?? "not stated", provenance,
            import.Iteration ?? 0, metadata);
        AtomicFile.Write(output, stream => voice.Write(stream));
        terminal.Say($"{output}: {import.Model.Kind} of {import.Model.Parameters.Count / 1e6:0.0} M parameters, mels of '{import.Model.Recipe.Name}'; see 'vocoder info {output}'");
        return VocoderCommand.Success;
    }

    private static string Hash(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
