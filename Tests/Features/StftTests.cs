using FlowVocoder.Features;

namespace FlowVocoder.Tests.Features;

public class StftTests
{
    [Theory, InlineData(64, 64, 16), InlineData(64, 40, 10), InlineData(32, 32, 7), InlineData(30, 24, 7)]
    public void Forward_equals_a_naive_sum_over_the_centred_window(int fftSize, int windowSize, int hop)
    {
        double[] x = NWavesTests.Noise(fftSize + (3 * hop) + 2, seed: 1);
        var stft = new Stft(fftSize, windowSize, hop);
        Assert.Equal(4, stft.FrameCount(x.Length));
        double[] re = new double[4 * stft.Bins], im = new double[4 * stft.Bins];
        stft.Forward(x, re, im);

        int offset = (fftSize - windowSize) / 2;
        for (int f = 0; f < 4; f++)
            for (int k = 0; k < stft.Bins; k++)
            {
                System.Numerics.Complex sum = 0;
                for (int i = 0; i < windowSize; i++)
                {
                    double window = Math.Pow(Math.Sin(Math.PI * i / windowSize), 2);
                    sum += window * x[(f * hop) + offset + i] * System.Numerics.Complex.FromPolarCoordinates(1, -2 * Math.PI * k * (offset + i) / fftSize);
                }
                Assert.Equal(sum.Real, re[(f * stft.Bins) + k], 1e-12);
                Assert.Equal(sum.Imaginary, im[(f * stft.Bins) + k], 1e-12);
            }
    }

    [Theory, InlineData(64), InlineData(60)]
    public void Inverse_undoes_forward_where_windows_reach(int size)
    {
        var stft = new Stft(size, 48, 12);
        double[] x = NWavesTests.Noise(stft.SampleCount(20), seed: 2), back = new double[x.Length];
        double[] re = new double[20 * stft.Bins], im = new double[20 * stft.Bins];
        stft.Forward(x, re, im);
        stft.Inverse(re, im, back);
        // The window covers samples 8 … 55 of a frame of 64, and is 0 at its first.
        int offset = (size - 48) / 2;
        for (int i = 0; i <= offset; i++) Assert.Equal(0, back[i]);
        for (int i = offset + 1; i < x.Length - offset; i++) Assert.Equal(x[i], back[i], 1e-9);
    }

    // Griffin and Lim, eq. 6: the inverse of any spectra is the signal whose own spectra lie nearest, so its gradient there is zero.
    [Fact]
    public void Inverse_is_the_least_squares_solution()
    {
        const int frames = 5;
        var stft = new Stft(16, 16, 4);
        double[] re = NWavesTests.Noise(frames * stft.Bins, 3), im = NWavesTests.Noise(frames * stft.Bins, 4);
        for (int f = 0; f < frames; f++) im[f * stft.Bins] = im[(f * stft.Bins) + 8] = 0;
        double[] x = new double[stft.SampleCount(frames)];
        stft.Inverse(re, im, x);
        double best = Distance(x);
        var random = new Random(5);
        for (int trial = 0; trial < 20; trial++)
        {
            double[] moved = [.. x.Select(v => v + (1e-3 * (random.NextDouble() - 0.5)))];
            Assert.True(Distance(moved) > best);
        }

        double Distance(double[] signal)
        {
            double[] re2 = new double[re.Length], im2 = new double[im.Length];
            stft.Forward(signal, re2, im2);
            double sum = 0;
            for (int i = 0; i < re.Length; i++)
            {
                // Inner bins stand for two of the full spectrum.
                double weight = i % stft.Bins is 0 or 8 ? 1 : 2;
                sum += weight * (Math.Pow(re[i] - re2[i], 2) + Math.Pow(im[i] - im2[i], 2));
            }
            return sum;
        }
    }

    [Fact]
    public void Sizes_and_lengths_that_do_not_fit_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new Stft(64, 65, 16));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Stft(64, 64, 0));
        var stft = new Stft(64, 64, 16);
        Assert.Equal(0, stft.FrameCount(63));
        Assert.Throws<ArgumentException>(() => stft.Forward(new double[64], new double[32], new double[33]));
        Assert.Throws<ArgumentException>(() => stft.Inverse(new double[66], new double[66], new double[81]));
        Assert.Throws<ArgumentException>(() => stft.Frame(new double[64], new double[32], new double[33]));
    }

    [Theory, InlineData(0), InlineData(1), InlineData(3), InlineData(1001), InlineData(-4)]
    public void Odd_sizes_are_refused(int size) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new Stft(size, 1, 1));

    // What numpy's irfft does with what no real signal has.
    [Fact]
    public void Imaginary_parts_of_the_outer_bins_are_ignored()
    {
        var stft = new Stft(16, 16, 16);
        double[] re = NWavesTests.Noise(9, 1), im = NWavesTests.Noise(9, 2), x = new double[16], y = new double[16];
        stft.Inverse(re, im, x);
        im[0] = im[8] = 0;
        stft.Inverse(re, im, y);
        Assert.Equal(y, x);
    }

    [Fact]
    public void Steady_state_allocates_nothing()
    {
        var stft = new Stft(1024, 1024, 256);
        double[] x = NWavesTests.Noise(stft.SampleCount(3), 1), re = new double[3 * 513], im = new double[3 * 513];
        void Both()
        {
            stft.Forward(x, re, im);
            stft.Inverse(re, im, x);
        }
        Both();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++) Both();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Threads_may_share_an_instance()
    {
        var stft = new Stft(256, 256, 64);
        double[] x = NWavesTests.Noise(stft.SampleCount(40), 3);
        double[] re = new double[40 * 129], im = new double[40 * 129];
        stft.Forward(x, re, im);
        Parallel.For(0, 40, i =>
        {
            double[] ownRe = new double[re.Length], ownIm = new double[im.Length];
            stft.Forward(x, ownRe, ownIm);
            Assert.Equal(re, ownRe);
            Assert.Equal(im, ownIm);
        });
    }
}
