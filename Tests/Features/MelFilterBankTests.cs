using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class MelFilterBankTests
{
    private static readonly MelRecipe s_nvidia = MelRecipe.ByName("nvidia");

    // Closed forms of both scales; librosa.hz_to_mel(440) = 6.6 and librosa.mel_to_hz(3) = 200 stand in its documentation.
    [Theory]
    [InlineData(440, 6.6, MelScale.Slaney), InlineData(200, 3, MelScale.Slaney), InlineData(1000, 15, MelScale.Slaney)]
    [InlineData(6400, 42, MelScale.Slaney), InlineData(0, 0, MelScale.Slaney)]
    [InlineData(0, 0, MelScale.Htk), InlineData(6300, 2595, MelScale.Htk), InlineData(700, 781.17283906, MelScale.Htk)]
    public void Scales_have_their_known_points(double hertz, double mel, MelScale scale)
    {
        Assert.Equal(mel, MelFilterBank.ToMel(hertz, scale), 1e-6);
        Assert.Equal(hertz, MelFilterBank.ToHertz(mel, scale), 1e-4);
    }

    [Fact]
    public void Unnormalised_triangles_add_up_to_one_between_the_outer_centres()
    {
        MelRecipe recipe = s_nvidia with { MelNorm = MelNorm.None, MinFrequency = 100 };
        double[][] bank = new MelFilterBank(recipe).ToMatrix();
        double low = MelFilterBank.ToMel(100, MelScale.Slaney), high = MelFilterBank.ToMel(8000, MelScale.Slaney);
        double firstCentre = MelFilterBank.ToHertz(low + ((high - low) / 81), MelScale.Slaney);
        double lastCentre = MelFilterBank.ToHertz(high - ((high - low) / 81), MelScale.Slaney);
        int seen = 0;
        for (int k = 0; k <= 512; k++)
        {
            double hertz = k * 22050.0 / 1024, sum = bank.Sum(row => row[k]);
            if (hertz >= firstCentre && hertz <= lastCentre)
            {
                Assert.Equal(1, sum, 1e-12);
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
        double[] spectrum = FftTests.Noise(bank.Bins, 1), mel = new double[bank.Bands];
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
