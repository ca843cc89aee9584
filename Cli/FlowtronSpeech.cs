using System.CommandLine;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Texts;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>How a Flowtron speaks: its file, texts and style, from the options of a verb.</summary>
internal sealed class FlowtronSpeech
{
    private const int MaxSymbols = 1000;

    private readonly Option<string> _file = new("--flowtron")
    {
        Description = "A Flowtron that 'vocoder train' made, or a checkpoint of NVIDIA's (.pt as distributed or of a training run, or a state dict as "
            + ".safetensors)", HelpName = "FILE",
        Required = true,
    };
    private readonly Option<int> _speaker = new("--speaker")
    {
        Description = "Who of the checkpoint's speakers speaks. Default: 0", HelpName = "N", CustomParser = result => Inputs.Integer(result, 0, 100_000),
    };
    private readonly Option<float?> _sigma = Inputs.NumberWithin("--flow-sigma", "X",
        "Standard deviation of the noise that Flowtron makes the mel of, 0 to 10: less is more even, more is livelier. Default: 0.5", 0, 10);
    private readonly Option<float?> _gate = Inputs.NumberWithin("--gate", "P",
        "Probability of having come to the end above which speech ends, 0 to 1; 1 never. Default: 0.5", 0, 1);
    private readonly Option<int?> _frames = new("--max-frames")
    {
        Description = "Frames of 11.6 ms after which speech ends in any case. Default: 1000", HelpName = "N", CustomParser = result =>
            Inputs.Integer(result, 1, 100_000),
    };
    private readonly Option<string?> _dictionary = new("--dictionary")
    {
        Description = "Pronunciations of words, a file as cmudict or Flowtron's cmudict_dictionary. Default: words are read by their letters",
        HelpName = "FILE",
    };
    private readonly Option<float?> _share = Inputs.NumberWithin("--arpabet", "SHARE",
        "Share of the words that are looked up in the dictionary, 0 to 1. Default: 1", 0, 1);
    private readonly Option<string[]> _style = new("--style")
    {
        Description = "Speaks in the style of a recording: the mean of its latents becomes that of the noise. May be given several times", HelpName = "REF.wav",
    };
    private readonly Option<string[]> _styleText = new("--style-text")
    {
        Description = "What is said in the recording of --style, one for each", HelpName = "TEXT",
    };

    /// <summary>Adds the options to a verb.</summary>
    public FlowtronSpeech(Command verb)
    {
        foreach (Option option in (Option[])[_file, _speaker, _sigma, _gate, _frames, _dictionary, _share, _style, _styleText]) verb.Add(option);
    }

    /// <summary>The checkpoint.</summary>
    public string File(ParseResult arguments) => arguments.GetRequiredValue(_file);

    /// <summary>Refuses what does not go together, before anything is read.</summary>
    /// <exception cref="UsageException">It does not.</exception>
    public void Check(ParseResult arguments)
    {
        int styles = Styles(arguments).Length, texts = arguments.GetValue(_styleText)?.Length ?? 0;
        if (styles != texts) throw new UsageException($"found {styles} --style and {texts} --style-text, expected the words of every recording");
        if (arguments.GetValue(_share) != null && arguments.GetValue(_dictionary) == null)
            throw new UsageException("found --arpabet and no --dictionary, expected both");
    }

    /// <summary>Recordings of the style.</summary>
    public string[] Styles(ParseResult arguments) => arguments.GetValue(_style) ?? [];

    /// <summary>The model.</summary>
    /// <exception cref="VocoderException">The file is none that reads the published symbols and makes the published mels.</exception>
    public Flowtron Load(ParseResult arguments)
    {
        string file = File(arguments);
        Flowtron model = FlowtronCheckpoint.Read(file);
        if (model.Config.Symbols != FlowtronSymbols.Count)
            throw new VocoderException($"{file}: reads {model.Config.Symbols} symbols, expected the {FlowtronSymbols.Count} of NVIDIA's texts");
        if (model.Config.MelChannels != model.Recipe.Bands)
            throw new VocoderException($"{file}: makes mels of {model.Config.MelChannels} bands, expected {model.Recipe.Bands} as '{model.Recipe.Name}' has");
        return model;
    }

    /// <summary>Texts as the model reads them; says what it cannot read.</summary>
    /// <exception cref="VocoderException">One is empty, too long, or has braces that hold no phones.</exception>
    public FlowtronText[] Read(ParseResult arguments, string text, ulong seed, Terminal terminal)
    {
        PronunciationDictionary? dictionary = arguments.GetValue(_dictionary) is { } file ? PronunciationDictionary.Read(file) : null;
        return [.. (arguments.GetValue(_styleText) ?? []).Prepend(text).Select(t => Read(t, dictionary, arguments.GetValue(_share) ?? 1, seed, terminal))];
    }

    /// <summary>How it speaks.</summary>
    /// <param name="arguments">What was typed.</param>
    /// <param name="model">The model.</param>
    /// <param name="engine">What computes.</param>
    /// <param name="texts">What is said in each recording of the style.</param>
    /// <param name="seed">Seed of the noise.</param>
    /// <param name="parallelism">Threads.</param>
    /// <param name="terminal">Hears of what was changed in recordings.</param>
    /// <exception cref="VocoderException">An option does not fit the model, or a recording cannot be used.</exception>
    public FlowtronOptions Options(ParseResult arguments, Flowtron model, Engine engine, FlowtronText[] texts, ulong seed, Parallelism parallelism,
        Terminal terminal)
    {
        var usual = new FlowtronOptions();
        FlowtronOptions options = usual with
        {
            Speaker = arguments.GetValue(_speaker), Sigma = arguments.GetValue(_sigma) ?? usual.Sigma, Gate = arguments.GetValue(_gate) ?? usual.Gate,
            MaxFrames = arguments.GetValue(_frames) ?? usual.MaxFrames, Seed = seed,
        };
        options.Validate(model.Config);
        if (texts.Length == 0) return options;
        (float[], IReadOnlyList<int>)[] recordings =
            [.. Styles(arguments).Zip(texts, (file, text) => (Mel(file, model.Recipe, parallelism, terminal), text.Symbols))];
        return options with { Style = FlowtronStyle.Of(model, engine, parallelism, recordings, options.Speaker) };
    }

    private static float[] Mel(string file, MelRecipe recipe, Parallelism parallelism, Terminal terminal)
    {
        float[] audio = Files.ReadRecording(file, recipe.SampleRate, terminal);
        if (audio.Length < recipe.FftSize)
            throw new VocoderException($"'{file}' has {audio.Length} samples at {recipe.SampleRate} Hz, expected at least {recipe.FftSize}");
        return new MelSpectrogram(recipe).Compute(audio, parallelism);
    }

    private static FlowtronText Read(string text, PronunciationDictionary? dictionary, double share, ulong seed, Terminal terminal)
    {
        FlowtronText read = FlowtronText.Read(text, dictionary, share, seed);
        if (read.Symbols.Count > MaxSymbols)
            throw new VocoderException($"the text has {read.Symbols.Count} symbols, expected at most {MaxSymbols}: speak it sentence by sentence");
        if (read.LeftOut.Length > 0)
            terminal.Warn($"vocoder: warning: left out of the text, as Flowtron has no symbols for them: {string.Join(' ', read.LeftOut.ToCharArray())}");
        return read;
    }
}
