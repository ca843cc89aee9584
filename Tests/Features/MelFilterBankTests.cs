using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class MelFilterBankTests
{
    private static readonly MelRecipe s_nvidia = MelRecipe.ByName("nvidia");

    // Closed forms of both scales: librosa.hz_to_mel(440) = 6.6 and librosa.mel_to_hz(3) = 200 stand in its documentation, 2595·log10(1 + f/700) in HTK's.
    private static double ToMel(double hertz, MelScale scale) =>
        scale == MelScale.Htk ? 2595 * Math.Log10(1 + (hertz / 700)) : hertz < 1000 ? 3 * hertz / 200 : 15 + (27 * Math.Log(hertz / 1000) / Math.Log(6.4));

    private static double ToHertz(double mel, MelScale scale) =>
        scale == MelScale.Htk ? 700 * (Math.Pow(10, mel / 2595) - 1) : mel < 15 ? 200 * mel / 3 : 1000 * Math.Exp((mel - 15) * Math.Log(6.4) / 27);

    [Theory]
    [InlineData("nvidia"), InlineData("espnet"), InlineData("vocos"), InlineData("bigvgan-44k")]
    public void Triangles_are_those_of_the_definition(string preset)
    {
        foreach (MelNorm norm in Enum.GetValues<MelNorm>())
        {
            MelRecipe recipe = MelRecipe.ByName(preset) with { MelNorm = norm };
            double[][] bank = new MelFilterBank(recipe).ToMatrix();
            double low = ToMel(recipe.MinFrequency, recipe.MelScale), high = ToMel(recipe.MaxFrequency, recipe.MelScale);
            double Edge(int i) => ToHertz(low + ((high - low) * i / (recipe.Bands + 1)), recipe.MelScale);
            for (int band = 0; band < recipe.Bands; band++)
                for (int k = 0; k <= recipe.FftSize / 2; k++)
                {
                    double hertz = (double)k * recipe.SampleRate / recipe.FftSize, scale = norm == MelNorm.Slaney ? 2 / (Edge(band + 2) - Edge(band)) : 1;
                    double height = Math.Min((hertz - Edge(band)) / (Edge(band + 1) - Edge(band)),
                        (Edge(band + 2) - hertz) / (Edge(band + 2) - Edge(band + 1)));
                    Assert.Equal(scale * Math.Max(0, height), bank[band][k], norm == MelNorm.Slaney ? 5e-9 : 5e-8);
                }
        }
    }

    [Fact]
    public void Unnormalised_triangles_add_up_to_one_between_the_outer_centres()
    {
        MelRecipe recipe = s_nvidia with { MelNorm = MelNorm.None, MinFrequency = 100 };
        double[][] bank = new MelFilterBank(recipe).ToMatrix();
        double low = ToMel(100, MelScale.Slaney), high = ToMel(8000, MelScale.Slaney);
        double firstCentre = ToHertz(low + ((high - low) / 81), MelScale.Slaney);
        double lastCentre = ToHertz(high - ((high - low) / 81), MelScale.Slaney);
        int seen = 0;
        for (int k = 0; k <= 512; k++)
        {
            double hertz = k * 22050.0 / 1024, sum = bank.Sum(row => row[k]);
            if (hertz >= firstCentre && hertz <= lastCentre)
            {
                Assert.Equal(1, sum, 1e-7);
                seen++;
            }
            if (hertz is <= 100 or >= 8000) Assert.Equal(0, sum);
        }
        Assert.True(seen > 300);
    }

    [Fact]
    public void Slaney_normalised_triangles_have_area_one_per_hertz()
    {
        double[][] bank = new MelFilterBank(s_nvidia with { FftSize = 65536, WindowSize = 1024 }).ToMatrix();
        Assert.All(bank, row => Assert.Equal(1, row.Sum() * 22050 / 65536, 2e-4));
    }

    [Fact]
    public void Apply_equals_the_product_with_the_matrix()
    {
        var bank = new MelFilterBank(s_nvidia);
        double[] spectrum = NWavesTests.Noise(bank.Bins, 1), mel = new double[bank.Bands];
        bank.Apply(spectrum, mel);
        double[][] matrix = bank.ToMatrix();
        for (int band = 0; band < bank.Bands; band++)
            Assert.Equal(matrix[band].Zip(spectrum, (w, s) => w * s).Sum(), mel[band], 1e-15);
        Assert.Throws<ArgumentException>(() => bank.Apply(new double[512], mel));
    }

    [Fact]
    public void Bands_narrower_than_the_bins_are_empty_and_not_an_error()
    {
        var bank = new MelFilterBank(s_nvidia with { FftSize = 128, WindowSize = 128, HopSize = 64, Bands = 80 });
        Assert.True(bank.Weights(0).IsEmpty || bank.Weights(1).IsEmpty);
        bank.Apply(new double[65], new double[80]);
    }
}
