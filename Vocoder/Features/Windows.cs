using FlowVocoder.Compute;

namespace FlowVocoder.Features;

/// <summary>Analysis windows.</summary>
public static class Windows
{
    /// <summary>
    /// The periodic Hann window ½ − ½·cos(2πi/n), i = 0 … n−1: that of scipy.signal.get_window(fftbins=True), librosa and torch.hann_window.
    /// </summary>
    /// <param name="n">Length in samples, at least 1.</param>
    /// <returns>[n] values from 0 to 1; the first is 0.</returns>
    public static double[] HannPeriodic(int n)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        double[] window = new double[n];
        for (int i = 0; i < n; i++)
            window[i] = 0.5 - (0.5 * Math.Cos(2 * Math.PI * i / n));
        return window;
    }

    /// <summary>The window of a recipe, centred in the samples of its transform, [1, 1, FftSize].</summary>
    internal static Tensor Frame(MelRecipe recipe)
    {
        var frame = new Tensor(1, 1, recipe.FftSize);
        double[] window = HannPeriodic(recipe.WindowSize);
        for (int i = 0; i < window.Length; i++) frame.Span[(recipe.FftSize - recipe.WindowSize) / 2 + i] = (float)window[i];
        return frame;
    }
}
