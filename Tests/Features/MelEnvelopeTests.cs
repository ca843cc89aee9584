using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class MelEnvelopeTests
{
    [Theory]
    [InlineData(257, 25)]
    [InlineData(9, 4)]
    [InlineData(5, 1)]
    public void The_autocorrelation_is_the_inverse_transform_of_the_power(int points, int lags)
    {
        var random = new Random(1);
        float[] power = [.. Enumerable.Range(0, points).Select(_ => (float)Math.Exp(10 * (random.NextDouble() - 0.5)))];
        double[] whole = new double[2 * (points - 1)], r = new double[lags];
        new RealFft(whole.Length).Inverse([.. power.Select(p => (double)p)], new double[points], whole);
        whole[0] *= 1.001;
        new MelEnvelopeCorrelation(points, lags, whiteNoise: 0.001).Compute(power, r);
        for (int l = 0; l < lags; l++)
            Assert.Equal(whole[l], r[l], 1e-12 * whole[0]);
    }

    [Theory]
    [InlineData("hifigan")]
    [InlineData("espnet")]
    [InlineData("coqui")]
    [InlineData("vocos")]
    public void An_exponential_magnitude_spectrum_is_recovered_between_the_bands(string name)
    {
        // |X_k| = 10^(−2·k/512) per bin: linear in the logarithm, which interpolation between centres of gravity restores but for
        // the curvature inside a band. ±0.3 dB.
        MelRecipe recipe = MelRecipe.ByName(name);
        int bins = (recipe.FftSize / 2) + 1;
        double[] magnitude = [.. Enumerable.Range(0, bins).Select(k => Math.Pow(10, -2.0 * k / 512))], bands = new double[recipe.Bands];
        new MelFilterBank(recipe).Apply(magnitude, bands);
        float[] mel = [.. bands.Select(v => (float)recipe.FromAmplitude(v))];
        var envelope = new MelEnvelope(recipe);
        float[] logPower = new float[envelope.Points];
        envelope.LogPower(mel, logPower);
        double windowEnergy = 3.0 / 8 * recipe.WindowSize;
        double binHz = recipe.SampleRate / (double)recipe.FftSize;
        for (int k = 0; k < envelope.Points; k++)
        {
            // Away from the constant ends. Measured: 0.26 dB at the wide top bands of coqui.
            if (2 * k * binHz < recipe.MinFrequency + 60 || 2 * k * binHz > 0.97 * recipe.MaxFrequency)
                continue;
            double decibel = 10 / Math.Log(10) * (logPower[k] - Math.Log(4 / Math.PI / windowEnergy)) - (20 * Math.Log10(magnitude[2 * k]));
            Assert.InRange(decibel, -0.3, 0.3);
        }
    }
}
