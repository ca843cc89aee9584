using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Features;
using FlowVocoder.Voices;

namespace FlowVocoder.Cli;

/// <summary>Mels on their way to a voice.</summary>
/// <param name="Voice">Who speaks.</param>
/// <param name="Conversion">From the recipe that was named to that of the voice, or null where mels are taken as they are.</param>
internal sealed record MelInput(LoadedVoice Voice, MelConversion? Conversion)
{
    private const int MaxNamed = 3;

    /// <summary>The recipe of the mels that come.</summary>
    public MelRecipe Recipe => Conversion?.Source ?? Voice.Model.Recipe;

    /// <summary>A mel from a file, converted, with a warning where its values look like another recipe's.</summary>
    public MelArray Read(string path, Terminal terminal)
    {
        MelArray mel = ReadAsItIs(path);
        Warn($"'{path}'", mel.Data, terminal);
        return Conversion == null ? mel : mel.Convert(Conversion);
    }

    /// <summary>Frames from a pipe, before they are converted.</summary>
    public MelFrames Open(Stream pipe) => MelFrames.Open(pipe, Pipes.InputName, Recipe.Bands, Recipe.FramesFirst);

    /// <summary>The same as the voice wants them.</summary>
    public MelFrames Convert(MelFrames frames) => Conversion == null ? frames : MelFrames.Converted(frames, Conversion);

    /// <summary>Says so where values look like those of another recipe, and what to type if they are.</summary>
    public void Warn(string name, ReadOnlySpan<float> mel, Terminal terminal)
    {
        // Normalised values are expected to look so.
        if (Conversion?.Statistics != null) return;
        if (MelLogarithmGuess.Warning(mel, Recipe, Voice.Name) is { } warning)
            terminal.Warn($"vocoder: warning: {name}: {warning}{Advice(mel, Recipe.Bands, warning)}");
    }

    // Of another number of bands, it may be another toolkit's.
    private MelArray ReadAsItIs(string path)
    {
        try
        {
            return MelFile.Read(path, Recipe.Bands, Recipe.FramesFirst);
        }
        catch (VocoderException e) when (Conversion == null && e.Message.Contains("expected a mel of", StringComparison.Ordinal))
        {
            foreach (int bands in MelRecipe.Presets.Select(p => p.Bands).Distinct())
            {
                if (Attempt(path, bands) is { } mel && Advice(mel.Data, bands, "") is { Length: > 0 } advice) throw new VocoderException(e.Message + advice, e);
            }
            throw;
        }
    }

    private static MelArray? Attempt(string path, int bands)
    {
        try
        {
            return MelFile.Read(path, bands);
        }
        catch (VocoderException)
        {
            return null;
        }
    }

    // What a user of the likeliest toolkits would type.
    private string Advice(ReadOnlySpan<float> mel, int bands, string warning)
    {
        if (warning.Contains("mean-variance", StringComparison.Ordinal))
            return "; if it was normalised by statistics, type --mel-recipe NAME --stats FILE (see 'vocoder mel --list-recipes')";
        (MelRecipe Recipe, MelConversion Way)[] likely = [.. MelRecipeGuess.Likely(mel, bands).Select(recipe => (recipe, Way(recipe)))
            .Where(pair => pair.Item2 is { IsIdentity: false })
            .Take(MaxNamed).Select(pair => (pair.recipe, pair.Item2!))];
        return likely.Length == 0 ? ""
            : $"; it may be of {string.Join(" or ", likely.Select(l => l.Recipe.Name))}: type --mel-recipe "
                + $"{likely[0].Recipe.Name}{(likely[0].Way.Difference == null ? "" : " --approximate")} if it is";
    }

    private MelConversion? Way(MelRecipe recipe)
    {
        try
        {
            return MelConversion.Between(recipe, Voice.Model.Recipe);
        }
        catch (VocoderException)
        {
            return null;
        }
    }
}
