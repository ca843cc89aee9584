using System.Runtime.Intrinsics;
using FlowVocoder.Features;
using NWaves.Transforms;

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
        float Power() => (float)Math.Exp(10 * (random.NextDouble() - 0.5));
        Vector128<float>[] power = [.. Enumerable.Range(0, points).Select(_ => Vector128.Create(Power(), Power(), Power(), Power()))];
        var r = new Vector256<double>[lags];
        new MelEnvelopeCorrelation(points, lags, whiteNoise: 0.001).Compute(power, r);
        for (int lane = 0; lane < 4; lane++)
        {
            double[] whole = new double[2 * (points - 1)];
            new RealFft64(whole.Length).InverseNorm(power.Select(p => (double)p[lane]).ToArray(), new double[points], whole);
            whole[0] *= 1.001;
            for (int l = 0; l < lags; l++)
                Assert.Equal(whole[l], r[l][lane], 1e-12 * whole[0]);
        }
    }

    [Fact]
    public void A_lag_window_smooths_the_spectrum_with_a_Gaussian_of_its_width()
    {
        const int points = 257, lags = 200, peak = 100, size = 2 * (points - 1);
        const double bins = 6;
        var power = new Vector128<float>[points];
        power[peak] = Vector128.Create(1f);
        var r = new Vector256<double>[lags];
        new MelEnvelopeCorrelation(points, lags, whiteNoise: 0, smoothing: 2 * Math.PI * bins / size).Compute(power, r);
        for (int k = peak - 40; k <= peak + 40; k++)
        {
            double smooth = r[0][1] + 2 * Enumerable.Range(1, lags - 1).Sum(l => r[l][1] * Math.Cos(2 * Math.PI * k * l / size));
            Assert.Equal(Math.Exp(-0.5 * Math.Pow((k - peak) / bins, 2)) / (bins * Math.Sqrt(2 * Math.PI)), smooth, 1e-6);
        }
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
        float[] logPower = LogPower(recipe, mel);
        double windowEnergy = 3.0 / 8 * recipe.WindowSize;
        double binHz = recipe.SampleRate / (double)recipe.FftSize;
        for (int k = 0; k < logPower.Length; k++)
        {
            // Away from the ends: constant below, the mean of the top bands above.
            if (2 * k * binHz < recipe.MinFrequency + 60 || 2 * k * binHz > 0.85 * recipe.MaxFrequency)
                continue;
            double decibel = 10 / Math.Log(10) * (logPower[k] - Math.Log(4 / Math.PI / windowEnergy)) - (20 * Math.Log10(magnitude[2 * k]));
            Assert.InRange(decibel, -0.3, 0.3);
        }
    }

    [Fact]
    public void Above_the_last_band_the_envelope_goes_to_the_mean_of_the_top_tenth()
    {
        // All bands alike but the last, 2.0 below: the mean of the top eight of 80 is 0.25 below, in ln amplitude.
        MelRecipe recipe = MelRecipe.ByName("hifigan");
        float[] flat = new float[80], dip = new float[80];
        Array.Fill(flat, -3);
        Array.Fill(dip, -3);
        dip[79] = -5;
        float[] whole = LogPower(recipe, flat), dipped = LogPower(recipe, dip);
        Assert.Equal(whole[^1] - 0.5f, dipped[^1], 1e-4f);
        Assert.Equal(whole[0], dipped[0]);
    }

    // In the third lane, between frames of other levels.
    private static float[] LogPower(MelRecipe recipe, float[] mel)
    {
        var envelope = new MelEnvelope(recipe);
        var logPower = new Vector128<float>[envelope.Points];
        envelope.LogPower([.. mel.Select(v => Vector128.Create(v - 1, v + 2, v, v + 3))], logPower);
        return [.. logPower.Select(p => p[2])];
    }
}
