using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class FftTests
{
    public static TheoryData<int> Sizes => [2, 4, 8, 16, 32, 64, 256, 1024];

    [Theory, MemberData(nameof(Sizes))]
    public void Forward_equals_the_naive_transform(int size)
    {
        double[] x = Noise(size, seed: size);
        var fft = new RealFft(size);
        Assert.Equal((size / 2) + 1, fft.Bins);
        double[] re = new double[fft.Bins], im = new double[fft.Bins];

        fft.Forward(x, re, im);

        for (int k = 0; k < fft.Bins; k++)
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

    [Theory, MemberData(nameof(Sizes))]
    public void Inverse_undoes_forward(int size)
    {
        double[] x = Noise(size, seed: size + 1), back = new double[size];
        var fft = new RealFft(size);
        double[] re = new double[fft.Bins], im = new double[fft.Bins];
        fft.Forward(x, re, im);
        fft.Inverse(re, im, back);
        for (int n = 0; n < size; n++) Assert.Equal(x[n], back[n], 1e-13);
    }

    // A spectrum that no Forward made, so that two wrong directions cannot cancel.
    [Theory, MemberData(nameof(Sizes))]
    public void Inverse_equals_the_naive_cosine_sum(int size)
    {
        var fft = new RealFft(size);
        double[] re = Noise(fft.Bins, seed: 5), im = Noise(fft.Bins, seed: 6), x = new double[size];
        fft.Inverse(re, im, x);
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

    [Theory, InlineData(0), InlineData(1), InlineData(3), InlineData(1000), InlineData(-4)]
    public void Sizes_other_than_powers_of_two_are_refused(int size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new RealFft(size));

    [Fact]
    public void Spans_of_another_length_are_refused()
    {
        var fft = new RealFft(8);
        Assert.Throws<ArgumentException>(() => fft.Forward(new double[7], new double[5], new double[5]));
        Assert.Throws<ArgumentException>(() => fft.Inverse(new double[5], new double[4], new double[8]));
    }

    [Fact]
    public void Steady_state_allocates_nothing()
    {
        var fft = new RealFft(1024);
        double[] x = Noise(1024, 1), re = new double[513], im = new double[513];
        void Both()
        {
            fft.Forward(x, re, im);
            fft.Inverse(re, im, x);
        }
        Both();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) Both();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Hann_window_is_the_periodic_one()
    {
        // scipy.signal.get_window('hann', 4) and ('hann', 6)
        Assert.Equal([0, 0.5, 1, 0.5], Windows.HannPeriodic(4).Select(v => Math.Round(v, 15)));
        Assert.Equal([0, 0.25, 0.75, 1, 0.75, 0.25], Windows.HannPeriodic(6).Select(v => Math.Round(v, 15)));
    }

    internal static double[] Noise(int n, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, n).Select(_ => (2 * random.NextDouble()) - 1)];
    }
}
