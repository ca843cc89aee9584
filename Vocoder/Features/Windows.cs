using FlowVocoder.Compute;

namespace FlowVocoder.Features;

/// <summary>
/// Analysis windows in double precision. Those of NWaves are of float32: what they add to the spectrum of a full-scale tone, 167 dB below it,
/// moves log-mels near the floor by up to 1.7e-4, nearly as much as published vectors may differ.
/// </summary>
public static class Windows
{
    /// <summary>
    /// The periodic Hann window ½ − ½·cos(2πi/n), i = 0 … n−1: that of scipy.signal.get_window(fftbins=True), librosa and torch.hann_window.
    /// </summary>
    /// <param name="n">Length in samples, at least 1.</param>
    /// <returns>[n] values from 0 to 1; the first is 0.</returns>
    public static double[] HannPeriodic(int n) => Hann(n, n);

    /// <summary>
    /// The symmetric Hann window ½ − ½·cos(2πi/(n−1)), i = 0 … n−1: that of numpy.hanning, torch.hann_window(periodic=False) and NWaves.
    /// </summary>
    /// <param name="n">Length in samples, at least 1; of one sample it is 1.</param>
    /// <returns>[n] values from 0 to 1; the first and the last are 0.</returns>
    public static double[] HannSymmetric(int n) => n == 1 ? [1] : Hann(n, n - 1);

    /// <summary>The window of a recipe, [WindowSize].</summary>
    /// <param name="recipe">A valid one.</param>
    public static double[] Of(MelRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        return recipe.Window == MelWindow.HannSymmetric ? HannSymmetric(recipe.WindowSize) : HannPeriodic(recipe.WindowSize);
    }

    /// <summary>The window of a recipe, centred in the samples of its transform, [1, 1, FftSize].</summary>
    internal static Tensor Frame(MelRecipe recipe)
    {
        var frame = new Tensor(1, 1, recipe.FftSize);
        double[] window = Of(recipe);
        for (int i = 0; i < window.Length; i++) frame.Span[(recipe.FftSize - recipe.WindowSize) / 2 + i] = (float)window[i];
        return frame;
    }

    private static double[] Hann(int n, int period)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(n, 1);
        double[] window = new double[n];
        for (int i = 0; i < n; i++)
            window[i] = 0.5 - (0.5 * Math.Cos(2 * Math.PI * i / period));
        return window;
    }
}
