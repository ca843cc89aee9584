using System.CommandLine;
using System.Text.Json;
using FlowVocoder.AudioIO;
using FlowVocoder.Features;
using FlowVocoder.Plots;
using FlowVocoder.Training;

namespace FlowVocoder.Cli;

/// <summary>Recordings, mels and logs → pictures.</summary>
internal sealed class PlotVerb : Verb
{
    private readonly Argument<string[]> _files = new("IN ... OUT.png|OUT.svg")
    {
        Description = "Recordings (wav, flac, aiff, mp3, ogg, opus) and mels (.npy), drawn one above the other; or logs of 'vocoder train' (.jsonl); and the "
            + "picture to write",
        Arity = new ArgumentArity(2, 64),
    };
    private readonly Option<string?> _recipe = new("--recipe")
    {
        Description = "Recipe of the mels, for their time axis and levels. Default: hifigan", HelpName = "NAME",
    };

    public PlotVerb() : base("plot", "Draws spectrograms of recordings and mels, or the curves of a training.",
        "vocoder plot speech.wav out.wav compared.png",
        "vocoder plot speech.npy speech.png",
        "vocoder plot voice.log.jsonl training.png")
    {
        Add(_files.OfFiles());
        Add(_recipe);
    }

    public override int Run(ParseResult arguments, Terminal terminal)
    {
        string[] files = arguments.GetRequiredValue(_files), inputs = files[..^1];
        string output = files[^1];
        terminal = terminal.Beside(output);
        if (!Picture.IsFileName(output)) throw new UsageException($"the output is '{output}', expected a .png or .svg file as the last argument");
        int logs = inputs.Count(f => HasExtension(f, ".jsonl"));
        if (logs > 0 && logs < inputs.Length) throw new UsageException("found logs and recordings, expected one kind for one picture");
        Files.CheckNotAnInput(output, inputs);
        MelRecipe recipe = Inputs.Recipe(arguments.GetValue(_recipe) ?? "hifigan");
        Files.CheckWritable(output);
        Picture picture = logs > 0
            ? LineChart.Render(string.Join(", ", inputs.Select(Path.GetFileName)), "step", [.. inputs.SelectMany(f => Curves(f, inputs.Length > 1))])
            : SpectrogramPicture.Render([.. inputs.Select(f => Panel(f, recipe, terminal))]);
        AtomicFile.Write(output, stream => picture.Write(stream, output));
        terminal.Say($"{output}: {picture.Width} x {picture.Height} pixels");
        return VocoderCommand.Success;
    }

    private static bool HasExtension(string path, string extension) => Path.GetExtension(path).Equals(extension, StringComparison.OrdinalIgnoreCase);

    private static SpectrogramPanel Panel(string path, MelRecipe recipe, Terminal terminal)
    {
        string title = Path.GetFileName(path);
        if (HasExtension(path, ".npy"))
        {
            MelArray mel = MelFile.Read(path, recipe.Bands);
            return SpectrogramPanel.OfMel(title, mel.Data, mel.Bands, (double)recipe.HopSize / recipe.SampleRate, DecibelsPerUnit(recipe));
        }
        Recording recording = Recording.Read(path);
        Files.Warn(path, recording, terminal);
        return SpectrogramPanel.OfAudio(title, recording.Samples, recording.SampleRate);
    }

    // From the value back to the logarithm, from there to 20·log10 of a magnitude.
    private static double DecibelsPerUnit(MelRecipe recipe)
    {
        double ofLogarithm = recipe.Logarithm switch { MelLogarithm.Natural => 20 / Math.Log(10), MelLogarithm.Log10 => 20, _ => 1 };
        return ofLogarithm / recipe.OutputScale / recipe.SpectrumPower;
    }

    private static IEnumerable<ChartSeries> Curves(string path, bool named)
    {
        var train = new List<(double, double)>();
        var valid = new List<(double, double)>();
        bool divergence = false;
        string unit = "nats";
        foreach (TrainingReport report in TrainingLog.Read(path))
        {
            if (report.Nats is { } trained) train.Add((report.Step, trained));
            if (report.HeldOutNats is { } nats) valid.Add((report.Step, nats));
            divergence |= report.IsDistillation;
            unit = report.Unit;
        }
        string suffix = named ? $", {Path.GetFileName(path)}" : "";
        yield return new ChartSeries($"train, {(divergence ? "divergence from the teacher in " : "")}{unit}{suffix}", train);
        if (valid.Count > 0) yield return new ChartSeries("valid" + suffix, valid);
    }
}
