using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class MelLinearPredictorTests
{
    private static readonly MelRecipe _hifigan = MelRecipe.ByName("hifigan");

    [Theory]
    [InlineData("hifigan")]
    [InlineData("espnet")]
    [InlineData("coqui")]
    [InlineData("flowavenet")]
    [InlineData("vocos")]
    [InlineData("wavefm")]
    public void White_noise_is_predicted_by_its_gain_alone(string name)
    {
        // E|X|² = σ²·Σ w²: with σ = 0.1, g = 0.1 and nothing to predict, whatever filter bank, power and logarithm.
        MelRecipe recipe = MelRecipe.ByName(name);
        var random = new Random(1);
        float[] x = [.. Enumerable.Range(0, 64 * recipe.HopSize).Select(_ => (float)(0.1 * LinearPredictionTests.Gaussian(random)))];
        (float[] mel, int frames) = Mel(recipe, x);
        // The mean over time leaves the expectation of each band.
        float[] a = new float[24];
        new MelLinearPredictor(recipe).Block(Mean(recipe, mel, frames), a, out float g);
        Assert.InRange(g, 0.097f, 0.103f);
        Assert.All(a, tap => Assert.InRange(tap, -0.06f, 0.06f));
    }

    [Fact]
    public void Filtered_noise_leaves_a_white_residual_of_variance_near_1()
    {
        // One predictor for all: with the mean mel the envelope is that of the process and not of its momentary realisation.
        // Bands up to half the sample rate, for of what lies above them a mel says nothing.
        MelRecipe recipe = MelRecipe.ByName("bigvgan-24k");
        float[] x = LinearPredictionTests.ResonantNoise(256 * 256, seed: 2);
        (float[] mel, int frames) = Mel(recipe, x);
        float[] mean = Mean(recipe, mel, frames), all = [.. mean.SelectMany(v => Enumerable.Repeat(v, frames))];
        float[] e = Residual(recipe, x, all).E;
        Assert.InRange(e.Average(v => (double)v * v), 0.95, 1.05);
        double[] r = LinearPredictionTests.Autocorrelation(e, 17);
        for (int lag = 1; lag < r.Length; lag++)
            Assert.InRange(r[lag] / r[0], -0.1, 0.1);
    }

    [Theory]
    [InlineData("hifigan")]
    [InlineData("nvidia")]
    public void The_round_trip_is_exact_to_1e_5(string name)
    {
        MelRecipe recipe = MelRecipe.ByName(name);
        // A buzz of 110 Hz through the resonances, fading from full scale into silence: what speech does to the predictor.
        float[] x = PitchTrackerTests.Tone(86 * 256, _ => 110, 60, amplitude: _ => 1);
        LinearPredictionTests.Resonate(x, 0.98, 0.03);
        LinearPredictionTests.Resonate(x, 0.97, 0.11);
        float peak = x.Max(Math.Abs);
        for (int t = 0; t < x.Length; t++)
            x[t] *= 0.9f / peak * (float)Math.Exp(-8.0 * t / x.Length);
        (float[] e, float[] a, float[] g) = Residual(recipe, x, Mel(recipe, x).Mel);
        float[] back = new float[x.Length];
        new LinearPredictionFilter(24, 64).Synthesize(e, a, g, new float[24], back);
        for (int t = 0; t < x.Length; t++)
            Assert.Equal(x[t], back[t], 1e-5);
    }

    [Fact]
    public void Blocks_interpolate_between_the_centres_of_frames()
    {
        // A mel that rises linearly by 1 per frame in all bands has gains that rise by e per frame: ln g reads the position of a block.
        foreach (string name in new[] { "hifigan", "nvidia" })
        {
            MelRecipe recipe = MelRecipe.ByName(name);
            const int frames = 5;
            float[] mel = [.. Enumerable.Range(0, recipe.Bands * frames).Select(i => -5f + (i % frames))];
            float[] a = new float[frames * 4 * 24], g = new float[frames * 4];
            new MelLinearPredictor(recipe).Compute(mel, frames, a, g);
            double first = name == "hifigan" ? 128 : 0;
            double AtFrame0 = Math.Log(g[0]) - Math.Max((32 - first) / 256, 0);
            for (int block = 0; block < g.Length; block++)
            {
                double position = Math.Clamp(((64 * block) + 32 - first) / 256, 0, frames - 1);
                Assert.Equal(AtFrame0 + position, Math.Log(g[block]), 1e-4);
            }
        }
    }

    [Fact]
    public void A_stream_of_hops_is_the_whole_bit_for_bit()
    {
        float[] x = LinearPredictionTests.ResonantNoise(12 * 256, seed: 3);
        (float[] mel, int frames) = Mel(_hifigan, x);
        (_, float[] a, float[] g) = Residual(_hifigan, x, mel);
        var stream = new MelLinearPredictor(_hifigan);
        float[] a4 = new float[4 * 24], g4 = new float[4];
        float[] Frame(int i) => [.. Enumerable.Range(0, 80).Select(b => mel[(b * frames) + Math.Clamp(i, 0, frames - 1)])];
        for (int i = 0; i < frames; i++)
        {
            stream.Hop(Frame(i - 1), Frame(i), Frame(i + 1), a4, g4);
            Assert.Equal(a[(i * 96)..((i + 1) * 96)], a4);
            Assert.Equal(g[(i * 4)..((i + 1) * 4)], g4);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(8)]
    public void Blocks_of_a_hop_are_the_same_bits_as_each_alone(int blocks)
    {
        float[] x = LinearPredictionTests.ResonantNoise(12 * 256, seed: 3);
        (float[] mel, int frames) = Mel(_hifigan, x);
        float[] Frame(int i) => [.. Enumerable.Range(0, 80).Select(b => mel[(b * frames) + i])];
        float[] before = Frame(4), here = Frame(5), after = Frame(6), a = new float[blocks * 24], g = new float[blocks], alone = new float[24];
        var predictor = new MelLinearPredictor(_hifigan, blocksPerHop: blocks);
        predictor.Hop(before, here, after, a, g);
        for (int block = 0; block < blocks; block++)
        {
            // The centre of frame i is that of its hop.
            float at = (float)((block + 0.5) / blocks - 0.5);
            predictor.Block([.. here.Zip(at < 0 ? before : after, (h, other) => h + (Math.Abs(at) * (other - h)))], alone, out float gain);
            Assert.Equal(alone, a[(block * 24)..((block + 1) * 24)]);
            Assert.Equal(gain, g[block]);
        }
    }

    [Fact]
    public void No_call_allocates()
    {
        var predictor = new MelLinearPredictor(_hifigan);
        float[] frame = new float[80], a = new float[96], g = new float[4];
        predictor.Hop(frame, frame, frame, a, g);
        long before = GC.GetAllocatedBytesForCurrentThread();
        predictor.Hop(frame, frame, frame, a, g);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void The_floor_and_absurd_mels_give_finite_stable_predictors()
    {
        var predictor = new MelLinearPredictor(_hifigan);
        float[] frame = new float[80], a = new float[24];
        foreach (float level in new[] { (float)_hifigan.LowestValue, -1000f, 30f })
        {
            Array.Fill(frame, level);
            predictor.Block(frame, a, out float g);
            Assert.InRange(g, 1e-20f, 1e20f);
            Assert.All(a, tap => Assert.InRange(tap, -0.5f, 0.5f));
        }
    }

    [Fact]
    public void What_does_not_fit_the_recipe_is_refused_in_a_line()
    {
        Assert.Contains("hop size 256", Assert.Throws<VocoderException>(() => new MelLinearPredictor(_hifigan, blocksPerHop: 3)).Message,
            StringComparison.Ordinal);
        Assert.Contains("1 to 255", Assert.Throws<VocoderException>(() => new MelLinearPredictor(_hifigan, order: 0)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new MelLinearPredictor(_hifigan).Block(new float[79], new float[24], out _));
        Assert.Throws<ArgumentException>(() => new MelLinearPredictor(_hifigan).Hop(new float[80], new float[80], new float[79], new float[96], new float[4]));
        Assert.Throws<ArgumentException>(() => new MelLinearPredictor(_hifigan).Hop(new float[80], new float[80], new float[80], new float[95], new float[4]));
        Assert.Throws<ArgumentException>(() => new MelLinearPredictor(_hifigan).Compute(new float[80], 1, new float[96], new float[3]));
    }

    private static (float[] Mel, int Frames) Mel(MelRecipe recipe, float[] x)
    {
        var spectrogram = new MelSpectrogram(recipe);
        return (spectrogram.Compute(x), spectrogram.FrameCount(x.Length));
    }

    private static float[] Mean(MelRecipe recipe, float[] mel, int frames) =>
        [.. Enumerable.Range(0, recipe.Bands).Select(b =>
            (float)recipe.FromAmplitude(mel.Skip(b * frames).Take(frames).Average(v => recipe.ToAmplitude(v))))];

    private static (float[] E, float[] A, float[] G) Residual(MelRecipe recipe, float[] x, float[] mel)
    {
        int frames = mel.Length / recipe.Bands;
        float[] a = new float[frames * 4 * 24], g = new float[frames * 4], e = new float[x.Length];
        new MelLinearPredictor(recipe).Compute(mel, frames, a, g);
        new LinearPredictionFilter(24, recipe.HopSize / 4).Analyze(x, a, g, new float[24], e);
        return (e, a, g);
    }
}
