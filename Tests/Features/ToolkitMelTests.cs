using FlowVocoder.AudioIO;
using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class ToolkitMelTests(ITestOutputHelper output)
{
    public static TheoryData<string> Arrays => [.. ToolkitMels.All.Keys];

    // The toolkits compute in float32: recomputed in double from their parameters, these arrays differ by up to 5e-4, those of torchaudio's HTK bank by 4.2e-3
    // in a few cells near the floor.
    [Theory, MemberData(nameof(Arrays))]
    public void A_recipe_gives_what_its_toolkit_gives(string array)
    {
        (string recipe, int rate, _) = ToolkitMels.All[array];
        var spectrogram = new MelSpectrogram(MelRecipe.ByName(recipe));
        Assert.Equal(rate, spectrogram.Recipe.SampleRate);
        float[] mel = spectrogram.Compute(ToolkitMels.Wave(rate));
        ToolkitMels.Statistics(array)?.Normalize(mel);
        output.WriteLine(array + ": " + Reference.Compare(mel, ToolkitMels.Mel(array).Data, out double maxAbs));
        Assert.True(maxAbs <= (MelRecipe.ByName(recipe).MelScale == MelScale.Htk ? 5e-3 : 6e-4), $"max-abs {maxAbs}");
        Assert.InRange(mel.Zip(ToolkitMels.Mel(array).Data, (a, b) => Math.Abs((double)a - b)).Average(), 0, 2e-5);
    }

    // These toolkits were run too, and gave bit for bit the arrays of the others.
    [Theory, InlineData("bigvgan-22k", "hifigan"), InlineData("cosyvoice", "hifigan"), InlineData("f5tts-bigvgan", "bigvgan-24k")]
    public void Recipes_whose_toolkits_gave_the_same_are_the_same(string recipe, string other) =>
        Assert.Null(MelRecipe.ByName(recipe).Mismatch(MelRecipe.ByName(other)));

    // ESPnet 2 raises the power of every bin to 1e-10 (LogMelFbank), so that silence is the sum of a filter's weights times 1e-5.
    [Fact]
    public void Espnet_floors_the_power_before_the_bank()
    {
        MelRecipe recipe = MelRecipe.ByName("espnet");
        double[][] bank = new MelFilterBank(recipe).ToMatrix();
        float[] silence = new float[80];
        new MelSpectrogram(recipe).Frame(new double[1024], silence);
        for (int b = 0; b < 80; b++) Assert.Equal(Math.Log10(1e-5 * bank[b].Sum()), silence[b], 1e-6);
        float[] wave = ToolkitMels.Wave(22050), floored = new MelSpectrogram(recipe).Compute(wave),
            mel = new MelSpectrogram(MelRecipe.ByName("parallelwavegan")).Compute(wave);
        Assert.All(floored.Zip(mel), pair => Assert.True(pair.First >= pair.Second));
        // Where the speech is loud, both are one.
        Assert.All(floored.Zip(mel).Where(pair => pair.Second > -2), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    // scipy.signal.firwin(255, 70 / 11025, pass_zero=False): symmetric, gain 1 at half the rate; 255 taps are too few for more than 12 dB at 0 Hz.
    [Fact]
    public void The_high_pass_has_the_gains_of_its_design()
    {
        double[] taps = MelPreparation.HighPass(70, 22050);
        for (int i = 0; i < taps.Length; i++) Assert.Equal(taps[i], taps[^(i + 1)], 1e-15);
        Assert.Equal(1, taps.Select((tap, i) => i % 2 == 0 ? -tap : tap).Sum(), 1e-12);
        Assert.InRange(taps.Sum(), 0.25, 0.27);
    }

    [Fact]
    public void Preparation_is_a_filter_and_a_scale()
    {
        MelRecipe recipe = MelRecipe.ByName("nvidia") with { PreEmphasis = 0.5, PeakLevel = 0.9 };
        Assert.Equal([0.4f, 0.8f - 0.2f, -0.9f], MelPreparation.Apply(recipe, [0.4f, 0.8f, -0.5f]), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(new float[3], MelPreparation.Apply(recipe, new float[3]));
        Assert.Contains("'rayhane' filters or scales whole recordings",
            Assert.Throws<VocoderException>(() => new MelStream(MelRecipe.ByName("rayhane"))).Message, StringComparison.Ordinal);
    }
}
