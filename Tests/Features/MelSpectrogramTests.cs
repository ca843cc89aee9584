using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class MelSpectrogramTests(ITestOutputHelper output)
{
    public static MelRecipe Vocos22k { get; } = MelRecipe.ByName("vocos") with { Name = "vocos-22k", SampleRate = 22050, MaxFrequency = 11025 };

    [Theory]
    [InlineData("nvidia", "nvidia_22050_80")]
    [InlineData("hifigan", "hifigan_22050_80")]
    [InlineData("parallelwavegan", "espnet_22050_80")]
    [InlineData("vocos-22k", "vocos_htk_22050_100")]
    public void The_chirp_gives_the_published_values(string recipe, string file)
    {
        var mel = new MelSpectrogram(recipe == "vocos-22k" ? Vocos22k : MelRecipe.ByName(recipe));
        (float[] expected, int bands, int frames) = Reference.Mel(file);

        float[] actual = mel.Compute(Reference.Chirp);

        Assert.Equal(bands, mel.Recipe.Bands);
        Assert.Equal(frames, mel.FrameCount(Reference.Chirp.Length));
        output.WriteLine(recipe + ": " + Reference.Compare(actual, expected, out double maxAbs));
        Assert.True(maxAbs <= 2e-4, $"max-abs {maxAbs}");
    }

    // Against the definition, computed naively, where no reference vector reaches: power spectrum, shorter window, dB with limits.
    [Theory, InlineData("flowavenet", 200), InlineData("coqui", 256), InlineData("wavefm", 131)]
    public void Values_equal_the_definition(string preset, int window)
    {
        MelRecipe recipe = MelRecipe.ByName(preset) with { FftSize = 256, WindowSize = window, HopSize = 64, Bands = 20 };
        float[] audio = [.. Reference.Chirp.AsSpan(3000, 500)];
        var mel = new MelSpectrogram(recipe);
        int frames = mel.FrameCount(audio.Length);
        Assert.Equal(1 + (500 / 64), frames);
        float[] actual = mel.Compute(audio);
        double[][] bank = new MelFilterBank(recipe).ToMatrix();
        for (int f = 0; f < frames; f++)
            for (int band = 0; band < 20; band++)
            {
                double sum = 0;
                for (int k = 0; k <= 128; k++)
                    if (bank[band][k] > 0) sum += bank[band][k] * Math.Pow(NaiveBin(audio, (f * 64) - 128, window, k).Magnitude, recipe.SpectrumPower);
                double log = recipe.Logarithm == MelLogarithm.Natural ? Math.Log(Math.Max(sum, recipe.Floor)) : 20 * Math.Log10(Math.Max(sum, recipe.Floor));
                double expected = preset switch
                {
                    "coqui" => Math.Clamp((8 * (log - 20 + 100) / 100) - 4, -4, 4),
                    "flowavenet" => Math.Clamp((log - 20 + 100) / 100, 0, 1),
                    _ => log,
                };
                Assert.Equal(expected, actual[(band * frames) + f], 1e-6);
            }
    }

    private static System.Numerics.Complex NaiveBin(float[] audio, int start, int window, int k)
    {
        System.Numerics.Complex sum = 0;
        int offset = (256 - window) / 2;
        for (int i = 0; i < window; i++)
        {
            int at = Math.Abs(start + offset + i);
            if (at >= audio.Length) at = (2 * (audio.Length - 1)) - at;
            double hann = Math.Pow(Math.Sin(Math.PI * i / window), 2);
            sum += hann * audio[at] * System.Numerics.Complex.FromPolarCoordinates(1, -2 * Math.PI * k * (offset + i) / 256);
        }
        return sum;
    }

    // A frame computed alone, as a stream would, is the same to the bit as in the parallel whole.
    [Theory, InlineData("nvidia"), InlineData("hifigan")]
    public void Frames_alone_equal_the_whole(string recipe)
    {
        var mel = new MelSpectrogram(MelRecipe.ByName(recipe));
        float[] whole = mel.Compute(Reference.Chirp), column = new float[80];
        double[] samples = new double[1024];
        int frames = mel.FrameCount(Reference.Chirp.Length);
        for (int f = 0; f < frames; f++)
        {
            Padding.Reflect(Reference.Chirp, mel.FirstSample(f), samples);
            mel.Frame(samples, column);
            for (int band = 0; band < 80; band++) Assert.Equal(whole[(band * frames) + f], column[band]);
        }
    }

    // An impulse is loudest in the frame whose centre it hits.
    [Theory, InlineData("nvidia", 10 * 256), InlineData("hifigan", (10 * 256) + 128)]
    public void Frames_are_centred_where_the_recipe_says(string recipe, int centre)
    {
        var mel = new MelSpectrogram(MelRecipe.ByName(recipe));
        float[] audio = new float[8192];
        audio[centre] = 1;
        int frames = mel.FrameCount(audio.Length);
        float[] values = mel.Compute(audio);
        Assert.True(values[10] > values[9] && values[10] > values[11]);
        Assert.Equal(values[9], values[11], 1e-5);
        Assert.Equal(32 + (recipe == "nvidia" ? 1 : 0), frames);
    }

    [Fact]
    public void Silence_is_the_lowest_value()
    {
        foreach (MelRecipe recipe in MelRecipe.Presets.Where(p => p.PowerFloor == 0))
            Assert.All(new MelSpectrogram(recipe).Compute(new float[4096]), v => Assert.Equal((float)recipe.LowestValue, v));
        Assert.Equal(-11.5129, MelRecipe.ByName("hifigan").LowestValue, 1e-4);
        Assert.Equal(-4, MelRecipe.ByName("coqui").LowestValue);
    }

    [Theory]
    [InlineData("nvidia", 0, 0), InlineData("nvidia", 1, 1), InlineData("nvidia", 255, 1), InlineData("nvidia", 256, 2), InlineData("nvidia", 22050, 87)]
    [InlineData("hifigan", 0, 0), InlineData("hifigan", 255, 0), InlineData("hifigan", 256, 1), InlineData("hifigan", 22050, 86)]
    public void Frame_counts_follow_the_recipe(string recipe, int samples, int frames)
    {
        var mel = new MelSpectrogram(MelRecipe.ByName(recipe));
        Assert.Equal(frames, mel.FrameCount(samples));
        if (frames == 0)
        {
            string message = Assert.Throws<VocoderException>(() => mel.Compute(new float[samples])).Message;
            Assert.Contains($"audio of {samples} samples", message, StringComparison.Ordinal);
        }
        else Assert.Equal(80 * frames, mel.Compute(new float[samples]).Length);
    }
}
