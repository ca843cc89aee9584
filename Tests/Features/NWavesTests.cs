using FlowVocoder.Features;
using NWaves.FeatureExtractors;
using NWaves.FeatureExtractors.Options;
using NWaves.Signals;
using NWaves.Transforms;

namespace FlowVocoder.Tests.Features;

/// <summary>What is expected of NWaves, and of the bridge to its types.</summary>
public class NWavesTests
{
    public static TheoryData<int> Sizes => [2, 4, 8, 16, 32, 64, 256, 1024];

    [Theory, MemberData(nameof(Sizes))]
    public void The_transform_equals_the_naive_one(int size)
    {
        double[] x = Noise(size, seed: size);
        double[] re = new double[(size / 2) + 1], im = new double[re.Length];

        new RealFft64(size).Direct(x, re, im);

        for (int k = 0; k < re.Length; k++)
        {
            double expectedRe = 0, expectedIm = 0;
            for (int n = 0; n < size; n++)
            {
                double angle = -2 * Math.PI * ((long)k * n % size) / size;
                expectedRe += x[n] * Math.Cos(angle);
                expectedIm += x[n] * Math.Sin(angle);
            }
            Assert.Equal(expectedRe, re[k], 1e-11);
            Assert.Equal(expectedIm, im[k], 1e-11);
        }
    }

    // A spectrum that no forward transform made, so that two wrong directions cannot cancel.
    [Theory, MemberData(nameof(Sizes))]
    public void The_inverse_equals_the_naive_cosine_sum(int size)
    {
        double[] re = Noise((size / 2) + 1, seed: 5), im = Noise(re.Length, seed: 6), x = new double[size];
        im[0] = im[^1] = 0;
        new RealFft64(size).InverseNorm(re, im, x);
        for (int n = 0; n < size; n++)
        {
            double expected = re[0] + (n % 2 == 0 ? re[^1] : -re[^1]);
            for (int k = 1; k < size / 2; k++)
            {
                double angle = 2 * Math.PI * ((long)k * n % size) / size;
                expected += 2 * ((re[k] * Math.Cos(angle)) - (im[k] * Math.Sin(angle)));
            }
            Assert.Equal(expected / size, x[n], 1e-12);
        }
    }

    [Theory, InlineData("hifigan"), InlineData("nemo")]
    public void A_discrete_signal_gives_the_mel_of_its_samples(string recipe)
    {
        var mel = new MelSpectrogram(MelRecipe.ByName(recipe));
        Assert.Equal(mel.Compute(Reference.Chirp), mel.Compute(new DiscreteSignal(22050, Reference.Chirp)));
        string message = Assert.Throws<VocoderException>(() => mel.Compute(new DiscreteSignal(16000, Reference.Chirp))).Message;
        Assert.Equal($"signal of 16000 Hz, expected 22050 Hz for a '{recipe}' mel", message);
    }

    // The extractor is a second implementation of all but the padding, with float32 spectra and the window of NeMo.
    [Theory]
    [InlineData("nemo", NonLinearityType.None), InlineData("nemo", NonLinearityType.LogE), InlineData("nemo", NonLinearityType.Log10)]
    [InlineData("nemo", NonLinearityType.CubicRoot), InlineData("nemo", NonLinearityType.ToDecibel), InlineData("wavefm", NonLinearityType.None)]
    public void An_extractor_of_NWaves_makes_the_same_mel(string preset, NonLinearityType nonLinearity)
    {
        MelRecipe recipe = MelRecipe.ByName(preset) with { SampleRate = 22050, MaxFrequency = 8000, Window = MelWindow.HannSymmetric };
        var mel = new MelSpectrogram(recipe);
        float[] expected = mel.Compute(Reference.Chirp);
        int frames = mel.FrameCount(Reference.Chirp.Length);
        double[] padded = new double[Reference.Chirp.Length + (2 * mel.Padding)];
        Padding.Reflect(Reference.Chirp, -mel.Padding, padded);
        FilterbankOptions options = recipe.ToFilterbankOptions();
        options.NonLinearity = nonLinearity;
        // What NWaves takes the logarithm of has a floor of its own.
        options.LogFloor = 1e-9f;

        List<float[]> vectors = new FilterbankExtractor(options).ComputeFrom(new DiscreteSignal(22050, Array.ConvertAll(padded, s => (float)s)));
        float[] actual = recipe.FromFrames(vectors, nonLinearity);

        Assert.InRange(vectors.Count, frames - 1, frames);
        for (int f = 0; f < vectors.Count; f++)
            for (int band = 0; band < recipe.Bands; band++)
                Assert.Equal(expected[(band * frames) + f], actual[(band * vectors.Count) + f], 2e-2);
    }

    [Fact]
    public void Vectors_that_do_not_fit_are_refused()
    {
        MelRecipe recipe = MelRecipe.ByName("hifigan");
        string Message(params float[][] frames) => Assert.Throws<VocoderException>(() => recipe.FromFrames(frames)).Message;
        Assert.Equal("found no feature vectors, expected at least one", Message());
        Assert.Equal("feature vector 1 has 79 values, expected the 80 bands of 'hifigan'", Message(new float[80], new float[79]));
        Assert.Equal("feature vector 0 has NaN in band 3, expected a finite number", Message([0, 0, 0, float.NaN, .. new float[76]]));
    }

    internal static double[] Noise(int n, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, n).Select(_ => (2 * random.NextDouble()) - 1)];
    }
}
