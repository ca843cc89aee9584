namespace FlowVocoder.Features;

/// <summary>What some toolkits do to a whole recording before they make its mel.</summary>
public static class MelPreparation
{
    /// <summary>Coefficients of the high-pass, which delays by half as many samples.</summary>
    public const int HighPassTaps = 255;

    /// <summary>High-pass, pre-emphasis and peak level of a recipe, in this order.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="audio">Samples at the recipe's rate.</param>
    /// <returns>[audio.Length] samples; a recording of silence is not scaled.</returns>
    public static float[] Apply(MelRecipe recipe, ReadOnlySpan<float> audio)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        float[] result = recipe.HighPass > 0 ? Filtered(audio, HighPass(recipe.HighPass, recipe.SampleRate)) : audio.ToArray();
        if (recipe.PreEmphasis > 0)
            for (int t = result.Length - 1; t > 0; t--) result[t] = (float)(result[t] - (recipe.PreEmphasis * result[t - 1]));
        double peak = 0;
        foreach (float sample in result) peak = Math.Max(peak, Math.Abs(sample));
        if (recipe.PeakLevel > 0 && peak > 0)
            foreach (ref float sample in result.AsSpan()) sample = (float)(sample / peak * recipe.PeakLevel);
        return result;
    }

    /// <summary>
    /// The high-pass of r9y9's wavenet_vocoder: a sinc that is cut off by a Hamming window and scaled to gain 1 at half the sample rate, as
    /// scipy.signal.firwin(255, cutoff, pass_zero=False) makes it, with the cutoff over the whole number of hertz in half the rate.
    /// </summary>
    /// <param name="cutoff">Hz.</param>
    /// <param name="sampleRate">Samples per second.</param>
    /// <returns>[<see cref="HighPassTaps"/>] coefficients.</returns>
    public static double[] HighPass(double cutoff, int sampleRate)
    {
        double relative = cutoff / (sampleRate / 2), sum = 0;
        double[] taps = new double[HighPassTaps];
        for (int i = 0; i < taps.Length; i++)
        {
            int m = i - (taps.Length / 2);
            double hamming = 0.54 - (0.46 * Math.Cos(2 * Math.PI * i / (taps.Length - 1)));
            taps[i] = hamming * ((m == 0 ? 1 : 0) - (m == 0 ? relative : Math.Sin(Math.PI * relative * m) / (Math.PI * m)));
            sum += m % 2 == 0 ? taps[i] : -taps[i];
        }
        for (int i = 0; i < taps.Length; i++) taps[i] /= sum;
        return taps;
    }

    private static float[] Filtered(ReadOnlySpan<float> audio, double[] taps)
    {
        float[] result = new float[audio.Length];
        for (int t = 0; t < result.Length; t++)
        {
            double sum = 0;
            for (int i = 0; i < taps.Length && i <= t; i++) sum += taps[i] * audio[t - i];
            result[t] = (float)sum;
        }
        return result;
    }
}
