using System.CommandLine;
using FlowVocoder.AudioIO;
using FlowVocoder.Features;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>What a mel is that comes from another toolkit: the options of the verbs that speak.</summary>
internal sealed class MelOptions
{
    private readonly Option<string?> _recipe = new("--mel-recipe")
    {
        Description = "What made the mel, one of 'vocoder mel --list-recipes': it is turned into what the voice expects. Default: the recipe of the voice",
        HelpName = "NAME",
    };
    private readonly Option<string?> _stats;
    private readonly Option<bool> _approximate = Approximate();

    /// <summary>Adds the options to a verb.</summary>
    public MelOptions(Command verb, string statistics = "Mean and deviation by which each band of the mel was normalised")
    {
        _stats = Inputs.Statistics(statistics);
        foreach (Option option in (Option[])[_recipe, _stats, _approximate]) verb.Add(option);
    }

    /// <summary>Whether a loss will do.</summary>
    public static Option<bool> Approximate() => new("--approximate")
    {
        Description = "Also turn mels that cannot be turned exactly: of other filter banks, windows or rates; it says what is lost",
    };

    /// <summary>How mels of a recipe reach a voice; says on the terminal what is done to them where it is not exact.</summary>
    /// <inheritdoc cref="For"/>
    public static MelInput Input(MelRecipe source, LoadedVoice voice, bool approximate, Terminal terminal)
    {
        MelConversion conversion = MelConversion.Between(source, voice.Model.Recipe);
        Tell(conversion, $"the voice '{voice.Name}'", approximate, terminal);
        return new MelInput(voice, conversion.IsIdentity ? null : conversion);
    }

    /// <summary>How mels reach a voice; says on the terminal what is done to them where it is not exact.</summary>
    /// <exception cref="UsageException">No such recipe, or an approximation that was not asked for.</exception>
    /// <exception cref="VocoderException">There is no way from such a mel to the voice.</exception>
    public MelInput For(ParseResult arguments, LoadedVoice voice, Terminal terminal) =>
        new(voice, Conversion(arguments, voice.Model.Recipe, $"the voice '{voice.Name}'", terminal) is { IsIdentity: false } conversion ? conversion : null);

    /// <summary>The recipe that was named, if one was.</summary>
    public string? Recipe(ParseResult arguments) => arguments.GetValue(_recipe);

    /// <summary>The statistics that were named, if any were.</summary>
    public MelStatistics? Statistics(ParseResult arguments, int bands) => arguments.GetValue(_stats) is { } file ? MelStatisticsFile.Read(file, bands) : null;

    /// <summary>From what was named to a recipe, or null where nothing was.</summary>
    /// <inheritdoc cref="For"/>
    public MelConversion? Conversion(ParseResult arguments, MelRecipe own, string whose, Terminal terminal)
    {
        string? name = Recipe(arguments);
        if (name == null && arguments.GetValue(_stats) == null) return null;
        MelRecipe source = name == null ? own : Inputs.Recipe(name);
        MelConversion conversion = MelConversion.Between(source, own, Statistics(arguments, source.Bands));
        Tell(conversion, whose, arguments.GetValue(_approximate), terminal);
        return conversion;
    }

    private static void Tell(MelConversion conversion, string whose, bool approximate, Terminal terminal)
    {
        if (conversion.Difference is not { } difference) return;
        string source = conversion.Source.Name;
        if (!approximate)
        {
            throw new UsageException($"a '{source}' mel has {difference} and can only be turned into that of {whose} ({conversion.Target.Name}) with a loss, "
                + "expected --approximate if that will do");
        }
        terminal.Warn($"vocoder: mels of '{source}' are approximated, {difference}: {conversion.MeasureLoss():0.000} nepers off in the mean on synthetic speech{Delay(conversion)}");
    }

    private static string Delay(MelConversion conversion) => conversion.LookAheadFrames == 0 ? ""
        : FormattableString.Invariant($"; a stream waits {conversion.LookAheadFrames} frames longer, {1000.0 * conversion.LookAheadFrames * conversion.Source.HopSize / conversion.Source.SampleRate:0} ms");
}
