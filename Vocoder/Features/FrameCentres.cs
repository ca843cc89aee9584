namespace FlowVocoder.Features;

/// <summary>Where the mel frames of a recipe lie on the samples.</summary>
internal static class FrameCentres
{
    /// <summary>The sample at the centre of the window of a frame: hop·i, or hop·i + hop/2 for the hop-centred recipes.</summary>
    public static double Of(MelRecipe recipe, int frame) =>
        ((double)recipe.HopSize * frame) + (recipe.Centering == MelCentering.HopCentered ? recipe.HopSize / 2 : 0);
}
