using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Options that several verbs share. Each verb makes its own: an option belongs to one command.</summary>
internal static class Inputs
{
    public static Option<string?> Voice(string purpose, string byDefault = VoiceLibrary.DefaultVoice) => new("--voice")
    {
        Description = $"{purpose}: an installed voice (see 'vocoder voices') or a voice file. Default: {byDefault}",
        HelpName = "NAME|FILE",
    };

    public static Option<float?> Sigma() =>
        Number("--sigma", "X", "Standard deviation of the noise, 0 to 10: lower is cleaner and duller. Default: what suits the voice, else 1");

    public static Option<int?> Match(string byDefault = "what suits voice and mel for a whole mel (see 'vocoder info'), 1 for streams") => new("--match")
    {
        Description = $"Passes that make the speech obey its mel, 0 to {SynthesisOptions.MaxMatch}: 0 is what the flow gives; each brings levels nearer, "
            + "takes some 0.05 % of real time and lets a "
            + $"stream wait 35 ms longer, the first 46 ms. Default: {byDefault}",
        HelpName = "N",
        CustomParser = result => Integer(result, 0, SynthesisOptions.MaxMatch),
    };

    public static Option<float?> Denoise() => NumberWithin("--denoise", "STRENGTH",
        "Removes the hum of a WaveGlow: how much of the spectrum that it speaks for a zero mel is subtracted, usually 0.01 to 0.1; a stream waits 35 ms "
        + "longer. Default: 0", 0, 100);

    public static Option<int> Threads(string byDefault = "0") => new("--threads")
    {
        Description = "Threads to use, 0 for one per processor, or for one where the engine onnx gains nothing from more; the result does not depend on it. "
            + $"Default: {byDefault}",
        HelpName = "N",
        CustomParser = result => Integer(result, 0, 1024),
    };

    public static Option<ulong?> Seed(string what) => new("--seed")
    {
        Description = what,
        HelpName = "N",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed)) return seed;
            result.AddError($"--seed is '{text}', expected a whole number from 0");
            return null;
        },
    };

    /// <summary>A number with a decimal point whatever the language of the system: the parser's own would read "0,8" as 8.</summary>
    public static Option<float?> Number(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float number)) return number;
            result.AddError($"{name} is '{text}', expected a number");
            return null;
        },
    };

    /// <summary>A <see cref="Number"/> within bounds, which are told where it is not.</summary>
    public static Option<float?> NumberWithin(string name, string helpName, string description, float least, float most)
    {
        Option<float?> option = Number(name, helpName, description);
        option.Validators.Add(result =>
        {
            string text = result.Tokens[0].Value;
            if (float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float number) && !(number >= least && number <= most))
                result.AddError(FormattableString.Invariant($"{name} is '{text}', expected {least} to {most}"));
        });
        return option;
    }

    /// <summary>A file of mean and deviation of each band.</summary>
    public static Option<string?> Statistics(string description) => new("--stats")
    {
        Description = $"{description}: an .npy of [mean, deviation] rows (TensorFlowTTS, ParallelWaveGAN) or of ESPnet's sums, an .npz (ESPnet 2), "
            + "an .h5 (ParallelWaveGAN) or a pickle (Coqui, scikit-learn)",
        HelpName = "FILE",
    };

    /// <summary>A recipe by the name that was typed.</summary>
    public static MelRecipe Recipe(string name)
    {
        try
        {
            return MelRecipe.ByName(name);
        }
        catch (VocoderException e)
        {
            throw new UsageException(e.Message);
        }
    }

    /// <summary>A mistyped option must not become the name of a file; a file of such a name can be given as ./--name.</summary>
    /// <param name="argument">Takes files.</param>
    /// <param name="orPipe">And "-", which is standard input or output.</param>
    public static T OfFiles<T>(this T argument, bool orPipe = false) where T : Argument
    {
        argument.Validators.Add(result =>
        {
            foreach (string text in result.Tokens.Select(t => t.Value).Where(t => t.StartsWith('-') && !(orPipe && t == Pipes.Dash)))
                result.AddError($"there is no option '{text}'");
        });
        return argument;
    }

    /// <summary>Takes only some words. The parser's own check tells them over several lines.</summary>
    public static void OneOf<T>(this Option<T> option, params string[] words)
    {
        option.CompletionSources.Add(words);
        option.Validators.Add(result => CheckWords(option.Name, words, result));
    }

    /// <inheritdoc cref="OneOf{T}(Option{T}, string[])"/>
    public static void OneOf<T>(this Argument<T> argument, params string[] words)
    {
        argument.CompletionSources.Add(words);
        argument.Validators.Add(result => CheckWords(argument.Name, words, result));
    }

    private static void CheckWords(string name, string[] words, SymbolResult result)
    {
        if (result.Tokens.Select(t => t.Value).FirstOrDefault(text => !words.Contains(text)) is { } wrong)
            result.AddError($"{name} is '{wrong}', expected {(words.Length == 1 ? "" : "one of ")}{string.Join(", ", words)}");
    }

    public static int Integer(ArgumentResult result, int least, int most)
    {
        string text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most) return number;
        result.AddError($"{(result.Parent as OptionResult)?.Option.Name} is '{text}', expected a whole number from {least} to {most}");
        return 0;
    }

    public static Parallelism Parallelism(this ParseResult arguments, Option<int> threads) => new(arguments.GetValue(threads));

    public static LoadedVoice LoadVoice(this ParseResult arguments, Option<string?> voice, string byDefault = VoiceLibrary.DefaultVoice) =>
        VoiceLibrary.Load(arguments.GetValue(voice) ?? byDefault);
}
