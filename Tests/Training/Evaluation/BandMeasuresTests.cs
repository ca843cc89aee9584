using FlowVocoder.Features;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training.Evaluation;

namespace FlowVocoder.Tests.Training.Evaluation;

public class BandMeasuresTests
{
    private static readonly BandMeasures s_measures = new(MelRecipe.ByName("hifigan"));

    // Equal harmonics of a steady fundamental up to a frequency, and noise.
    private static float[] Harmonics(double hz, double highest, double noise, int seed = 1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, 22050).Select(t =>
            (float)(Enumerable.Range(1, (int)(highest / hz)).Sum(k => 0.03 * Math.Cos(2 * Math.PI * k * hz * t / 22050 + k * k))
                + noise * random.NextNormal()))];
    }

    [Fact]
    public void A_periodic_signal_has_periodicity_1_in_every_band_and_noise_none()
    {
        float[] voiced = Harmonics(147.3, 7000, 0), random = Harmonics(147.3, 0, 0.1);
        BandScores self = s_measures.Score(voiced, voiced), noise = s_measures.Score(voiced, random);
        Assert.All(self.Periodicity, p => Assert.InRange(p, 0.98, 1));
        // The best of some lags is not quite 0.
        Assert.All(noise.Periodicity, p => Assert.InRange(p, -0.1, 0.4));
        Assert.Equal(0, self.LowMelL1);
        Assert.Equal((0, 0), (self.LevelError, self.LevelScatter));
    }

    [Fact]
    public void Noise_of_a_known_part_takes_that_part_of_the_periodicity()
    {
        // Harmonics of power 0.03²/2 every 147.3 Hz beside noise of as much power in every 147.3 Hz: a correlation of a half.
        double power = 0.03 * 0.03 / 2 * (11025 / 147.3);
        BandScores scores = s_measures.Score(Harmonics(147.3, 7000, 0), Harmonics(147.3, 7000, Math.Sqrt(power)));
        Assert.All(scores.Periodicity.Skip(2), p => Assert.InRange(p, 0.45, 0.65));
    }

    [Fact]
    public void Harmonics_up_to_2_kHz_are_periodic_there_alone()
    {
        IReadOnlyList<double> found = s_measures.Score(Harmonics(147.3, 7000, 0), Harmonics(147.3, 1999, 0.01)).Periodicity;
        Assert.True(found[0] > 0.9 && found[1] > 0.9 && found[2] < 0.45 && found[3] < 0.45, string.Join(", ", found));
    }

    [Fact]
    public void Levels_are_compared_in_decibels()
    {
        float[] voiced = Harmonics(147.3, 7000, 0), louder = [.. voiced.Select(v => 2 * v)];
        BandScores scores = s_measures.Score(voiced, louder);
        Assert.Equal(20 * Math.Log10(2), scores.LevelError, 1e-6);
        Assert.Equal(0, scores.LevelScatter, 1e-6);
        Assert.Equal(Math.Log(2), scores.LowMelL1, 1e-3);
        // A level that alternates by 6 dB every second scatters by 3.
        float[] half = [.. voiced.Select((v, t) => t < voiced.Length / 2 ? v : 2 * v)];
        Assert.InRange(s_measures.Score(voiced, half).LevelScatter, 2.7, 3.1);
    }

    [Fact]
    public void Stripes_above_8_kHz_raise_the_modulation()
    {
        var random = new Random(5);
        float[] noise = [.. Enumerable.Range(0, 22050).Select(_ => (float)(0.1 * random.NextNormal()))];
        float[] striped = [.. noise.Select((v, t) => (float)(v * (1 + 0.9 * Math.Cos(2 * Math.PI * t / 512))))];
        double even = s_measures.Score(noise, noise).HighModulation, uneven = s_measures.Score(noise, striped).HighModulation;
        Assert.True(uneven > 2 * even, $"{even}, {uneven}");
    }

    [Fact]
    public void Samples_beyond_full_scale_are_counted_and_silence_has_no_figures()
    {
        float[] voiced = Harmonics(147.3, 7000, 0), beyond = [.. voiced];
        (beyond[7], beyond[9], beyond[11]) = (1.01f, -1.5f, 1f);
        Assert.Equal(2, s_measures.Score(voiced, beyond).Beyond);
        BandScores silent = s_measures.Score(new float[22050], new float[22050]);
        Assert.All(silent.Periodicity, p => Assert.Equal(double.NaN, p));
        Assert.Equal((double.NaN, double.NaN), (silent.LevelError, silent.HighModulation));
    }
}
