using FlowVocoder.Features;
using FlowVocoder.Training.Evaluation;

namespace FlowVocoder.Tests.Training.Evaluation;

public class MultiResolutionStftTests
{
    private static float[] Noise(int seed, int length, double gain = 0.1)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, length).Select(_ => (float)(gain * (random.NextDouble() + random.NextDouble() - 1)))];
    }

    [Fact]
    public void IdenticalSignalsHaveNoDistance() =>
        Assert.Equal(0, MultiResolutionStft.Distance(Noise(1, 5000), Noise(1, 5000)));

    [Theory]
    [InlineData(2)]
    [InlineData(0.25)]
    public void AGainCostsItsShareOfTheSpectrumAndItsLogarithm(float gain)
    {
        float[] x = Noise(2, 8000);
        double expected = Math.Abs(1 - gain) + Math.Abs(Math.Log(gain));
        Assert.Equal(expected, MultiResolutionStft.Distance(x, [.. x.Select(v => v * gain)]), 5);
    }

    [Fact]
    public void SilenceCountsDownToTheFloor()
    {
        // An impulse has the same magnitude in every bin: amplitude times the window where it lies.
        var stft = new Stft(16, 16, 16);
        var x = new float[17];
        x[8] = 0.5f; // in the padded signal at 16: first sample of the second of two frames, where the window is 0
        x[4] = 0.25f; // at 12 of the first frame: window 0.5
        double magnitude = 0.25 * 0.5;
        // Two frames: the first has the magnitude everywhere, the second only its mirror images or nothing.
        double found = MultiResolutionStft.Distance(stft, x, new float[17]);
        double expected = Naive(x, new float[17], 16, 16, 16);
        Assert.Equal(expected, found, 9);
        Assert.True(found > 0.3 * Math.Log(magnitude / MultiResolutionStft.Floor));
    }

    [Fact]
    public void EqualsTheFormulaWrittenOutWithSlowTransforms()
    {
        float[] a = Noise(3, 100), b = Noise(4, 100, 0.05);
        Assert.Equal(Naive(a, b, 16, 12, 5), MultiResolutionStft.Distance(new Stft(16, 12, 5), a, b), 9);
    }

    [Fact]
    public void TheThreeResolutionsAreThoseOfTheSource()
    {
        float[] a = Noise(5, 3000), b = Noise(6, 3000);
        double expected = (MultiResolutionStft.Distance(new Stft(1024, 600, 120), a, b)
            + MultiResolutionStft.Distance(new Stft(2048, 1200, 240), a, b)
            + MultiResolutionStft.Distance(new Stft(512, 240, 50), a, b)) / 3;
        Assert.Equal(expected, MultiResolutionStft.Distance(a, [.. b, .. Noise(7, 500)]), 12);
    }

    [Fact]
    public void NoSamplesAreRefused() =>
        Assert.Contains("0 generated", Assert.Throws<VocoderException>(() => MultiResolutionStft.Distance(new float[5], [])).Message);

    private static double Naive(float[] a, float[] b, int fft, int window, int hop)
    {
        double difference = 0, energy = 0, logs = 0;
        int count = 0;
        for (int start = -fft / 2; start + fft <= a.Length + fft / 2; start += hop)
            for (int k = 0; k <= fft / 2; k++, count++)
            {
                double x = Math.Max(1e-7, Magnitude(a, start, k)), y = Math.Max(1e-7, Magnitude(b, start, k));
                difference += (x - y) * (x - y);
                energy += x * x;
                logs += Math.Abs(Math.Log(x) - Math.Log(y));
            }
        return Math.Sqrt(difference) / Math.Sqrt(energy) + logs / count;

        double Magnitude(float[] signal, int start, int bin)
        {
            System.Numerics.Complex sum = 0;
            for (int n = 0; n < window; n++)
            {
                int inFrame = n + (fft - window) / 2, at = Math.Abs(start + inFrame);
                if (at >= signal.Length) at = 2 * (signal.Length - 1) - at;
                double w = Math.Pow(Math.Sin(Math.PI * n / window), 2);
                sum += signal[at] * w * System.Numerics.Complex.Exp(new System.Numerics.Complex(0, -2 * Math.PI * bin * inFrame / fft));
            }
            return sum.Magnitude;
        }
    }
}
