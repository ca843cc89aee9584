using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class GriffinLimTests
{
    /// <summary>Harmonics of 150 Hz, weaker upwards, over a little noise: 22.05 kHz.</summary>
    private static float[] Voice(int length)
    {
        var random = new Random(5);
        return [.. Enumerable.Range(0, length).Select(t =>
            (float)(Enumerable.Range(1, 40).Sum(k => 0.1 / k * Math.Cos(2 * Math.PI * k * 150 * t / 22050 + k * k)) + 0.002 * random.NextDouble()))];
    }

    [Theory]
    [InlineData("hifigan", 256 * 40)]
    [InlineData("nvidia", 256 * 39)]
    [InlineData("flowavenet", 256 * 39)] // power spectrum, decibels, clipped
    public void TheMelOfTheResultIsTheMelThatWasAsked(string name, int samples)
    {
        var recipe = MelRecipe.ByName(name);
        var analysis = new MelSpectrogram(recipe);
        float[] mel = analysis.Compute(Voice(samples));
        float[] audio = new GriffinLim(recipe).Synthesize(mel);
        Assert.Equal(samples, audio.Length);
        float[] again = analysis.Compute(audio);
        Assert.Equal(mel.Length, again.Length);
        double error = 0;
        for (int i = 0; i < mel.Length; i++)
            error += Math.Abs(Math.Log(recipe.ToAmplitude(again[i]) / recipe.ToAmplitude(mel[i]))) / recipe.SpectrumPower;
        Assert.InRange(error / mel.Length, 0, 0.2);
    }

    [Fact]
    public void IterationsBringItNearerAndMomentumNearerStill()
    {
        var recipe = MelRecipe.ByName("hifigan");
        float[] mel = new MelSpectrogram(recipe).Compute(Voice(256 * 40));
        double none = Error(0, 0), plain = Error(32, 0), fast = Error(32, 0.99);
        Assert.True(plain < 0.5 * none, $"{none} then {plain}");
        Assert.True(fast < plain, $"{plain} then {fast}");

        double Error(int iterations, double momentum)
        {
            float[] again = new MelSpectrogram(recipe).Compute(new GriffinLim(recipe, iterations, momentum).Synthesize(mel));
            return mel.Zip(again, (a, b) => Math.Abs(a - b)).Average();
        }
    }

    [Fact]
    public void TheSeedDecidesThePhases()
    {
        var recipe = MelRecipe.ByName("hifigan");
        float[] mel = new MelSpectrogram(recipe).Compute(Voice(256 * 8));
        var vocoder = new GriffinLim(recipe, 2);
        Assert.Equal(vocoder.Synthesize(mel, 1), vocoder.Synthesize(mel, 1));
        Assert.NotEqual(vocoder.Synthesize(mel, 1), vocoder.Synthesize(mel, 2));
    }

    [Fact]
    public void AMelOfAnotherSizeIsRefused() => Assert.Contains(
        "81 mel values", Assert.Throws<VocoderException>(() => new GriffinLim(MelRecipe.ByName("hifigan")).Synthesize(new float[81])).Message);

    [Theory]
    [InlineData("hifigan")]
    [InlineData("flowavenet")]
    public void MagnitudesHaveTheMelAndNoneBeyondTheBank(string name)
    {
        var recipe = MelRecipe.ByName(name);
        var inversion = new MelInversion(recipe);
        double[][] bank = new MelFilterBank(recipe).ToMatrix();
        // A spectrum with a formant; its mel can be met exactly, so the inversion has to.
        double[] spectrum = [.. Enumerable.Range(0, 513).Select(k => 0.01 + Math.Exp(-Math.Pow((k - 60) / 20.0, 2)))];
        double[] wanted = [.. bank.Select(row => row.Zip(spectrum, (w, s) => w * s).Sum())];
        var magnitude = new double[513];
        inversion.Invert([.. wanted.Select(v => (float)recipe.FromAmplitude(v))], magnitude);
        for (int b = 0; b < recipe.Bands; b++)
        {
            double found = bank[b].Select((w, k) => w * Math.Pow(magnitude[k], recipe.SpectrumPower)).Sum();
            Assert.InRange(found / recipe.ToAmplitude(recipe.FromAmplitude(wanted[b])), 0.97, 1.03);
        }
        int firstOutside = (int)Math.Ceiling(recipe.MaxFrequency * 1024 / 22050);
        Assert.All(magnitude[firstOutside..], m => Assert.Equal(0, m));
        Assert.All(magnitude, m => Assert.True(m >= 0));
    }
}
