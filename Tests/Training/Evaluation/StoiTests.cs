using System.Numerics;
using FlowVocoder.Training.Evaluation;

namespace FlowVocoder.Tests.Training.Evaluation;

public class StoiTests
{
    /// <summary>Noise with a syllable-like envelope of its own in each half of the band, at 10 kHz.</summary>
    private static float[] SpeechLike(int seed, int length)
    {
        var random = new Random(seed);
        var signal = new float[length];
        double low = 0, gainLow = 1, gainHigh = 1;
        for (int t = 0; t < length; t++)
        {
            if (t % 800 == 0) (gainLow, gainHigh) = (random.NextDouble(), random.NextDouble());
            double white = random.NextDouble() - 0.5;
            low = 0.9 * low + 0.1 * white;
            signal[t] = (float)(gainLow * low + 0.2 * gainHigh * (white - low));
        }
        return signal;
    }

    private static float[] White(int seed, int length)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (float)(random.NextDouble() - 0.5))];
    }

    [Fact]
    public void IdenticalSignalsScoreOneWhateverTheirGain()
    {
        float[] x = SpeechLike(1, 20000);
        var scores = Stoi.Compare(x, [.. x.Select(v => v * 0.125f)]);
        Assert.Equal(1, scores.Stoi, 9);
        Assert.Equal(1, scores.Extended, 9);
    }

    [Fact]
    public void UnrelatedNoiseScoresAboutZero()
    {
        var scores = Stoi.Compare(White(2, 60000), White(3, 60000));
        Assert.InRange(scores.Stoi, -0.05, 0.05);
        Assert.InRange(scores.Extended, -0.05, 0.05);
    }

    [Fact]
    public void MoreNoiseScoresLower()
    {
        float[] x = SpeechLike(4, 30000), noise = White(5, 30000);
        var scores = new[] { 0.0, 0.03, 0.1, 0.3, 1.0 }
            .Select(g => Stoi.Compare(x, [.. x.Zip(noise, (s, n) => (float)(s + g * n))])).ToArray();
        for (int i = 1; i < scores.Length; i++)
        {
            Assert.True(scores[i].Stoi < scores[i - 1].Stoi - 0.01, $"STOI step {i}: {scores[i - 1].Stoi} then {scores[i].Stoi}");
            Assert.True(scores[i].Extended < scores[i - 1].Extended - 0.01, $"ESTOI step {i}");
        }
    }

    [Fact]
    public void BandsLieAThirdOfAnOctaveApartFrom150Hz()
    {
        // Edges by hand: 150·2^(∓1/6) = 133.6 and 168.4 Hz are bins 6.84 and 8.62 of 19.53 Hz; the last, 3394 and 4276 Hz, 173.8 and 218.9.
        Assert.Equal((7, 9), Stoi.BinsOf(0));
        Assert.Equal((174, 219), Stoi.BinsOf(14));
        for (int j = 1; j < Stoi.Bands; j++) Assert.Equal(Stoi.BinsOf(j - 1).End, Stoi.BinsOf(j).First);
    }

    [Fact]
    public void EnvelopesAreBandEnergiesOfASlowTransform()
    {
        double[] x = [.. SpeechLike(6, 600).Select(v => (double)v)];
        double[][] envelopes = Stoi.Envelopes(x);
        Assert.Equal(3, envelopes.Length); // frames at 0, 128 and 256 end before sample 600
        foreach (int band in new[] { 0, 6, 14 })
        {
            var (first, end) = Stoi.BinsOf(band);
            double power = 0;
            for (int k = first; k < end; k++)
            {
                Complex sum = 0;
                for (int n = 0; n < 256; n++)
                    sum += x[128 + n] * Math.Pow(Math.Sin(Math.PI * (n + 1) / 257), 2) * Complex.Exp(new Complex(0, -2 * Math.PI * k * n / 512));
                power += sum.Magnitude * sum.Magnitude;
            }
            Assert.Equal(Math.Sqrt(power), envelopes[1][band], 9);
        }
    }

    [Fact]
    public void SilentFramesOfTheReferenceLeaveBothSignals()
    {
        // 4096 samples of noise, as many 60 dB lower, 4096 of noise.
        float[] x = White(7, 12288), y = White(8, 12288);
        for (int t = 4096; t < 8192; t++) x[t] *= 1e-3f;
        var (clean, degraded) = Stoi.WithoutSilence(x, y);
        // Frames 31 to 63 (start 3968 … 8064) touch the quiet part; only those wholly in it, 32 to 62, leave: 31 of the 94
        // whose end lies before the last sample.
        Assert.Equal((94 - 31 - 1) * 128 + 256, clean.Length);
        Assert.Equal(clean.Length, degraded.Length);
        // Two overlapping windows add up to almost one: the samples before the gap are unchanged.
        for (int t = 128; t < 3900; t++) Assert.Equal(y[t], degraded[t], 0.005);
    }

    [Fact]
    public void ClippedCorrelationOfAHandWorkedSegment()
    {
        // x = (0.1, 2, 4), y = (10, 0, 1). Scaled by √(20.01/101) = 0.445105: (4.45105, 0, 0.445105).
        // Clipping at (1 + 10^(15/20))·x = 6.623413·x turns the first into 0.662341. Means 2.033333 and 0.369149;
        // inner product of the deviations -0.405153, norms 2.758019 and 0.477496.
        Assert.Equal(-0.307647, Stoi.MeanCorrelation([[0.1, 2, 4]], [[10, 0, 1]]), 6);
        Assert.Equal(-1, Stoi.MeanCorrelation([[1, 2, 3]], [[3, 2, 1]]), 9);
    }

    [Fact]
    public void TooLittleSpeechIsNotANumber()
    {
        // 30 frames of STOI need 29·128 + 256 samples and one more.
        Assert.True(double.IsNaN(Stoi.Compare(White(9, 3968), White(10, 3968)).Stoi));
        Assert.False(double.IsNaN(Stoi.Compare(White(9, 4400), White(10, 4400)).Stoi));
    }
}
