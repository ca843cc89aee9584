namespace FlowVocoder.Features;

/// <summary>Which recipes may have made a mel, from its bands and values.</summary>
public static class MelRecipeGuess
{
    /// <summary>
    /// The presets that such values fit, the likeliest first: those whose floor is the lowest value, then those in whose logarithm the contrast is nearest to
    /// that of speech (<see cref="MelLogarithmGuess"/>). Values tell the scale and not the filter bank: many recipes are alike in it.
    /// </summary>
    /// <param name="mel">[bands, frames] row-major, finite values.</param>
    /// <param name="bands">Bands of the mel.</param>
    /// <returns>Presets of so many bands, each standing for those equal to it; empty for fewer than ten frames, normalised values or no speech.</returns>
    public static IReadOnlyList<MelRecipe> Likely(ReadOnlySpan<float> mel, int bands)
    {
        var found = new List<(MelRecipe Recipe, double Distance)>();
        foreach (MelRecipe recipe in MelRecipe.Presets.Where(p => p.Bands == bands && !p.PreparesRecording))
        {
            if (MelLogarithmGuess.Distance(mel, recipe) is { } distance && !found.Any(f => f.Recipe.Mismatch(recipe) == null)) found.Add((recipe, distance));
        }
        return [.. found.OrderBy(f => f.Distance).Select(f => f.Recipe)];
    }
}
