using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class ResamplerTests
{
    public static TheoryData<int, int> Rates => new()
    {
        { 44100, 22050 }, { 48000, 22050 }, { 16000, 22050 }, { 8000, 22050 }, { 24000, 22050 },
        { 22050, 44100 }, { 22050, 48000 }, { 22050, 16000 }, { 11025, 22050 },
    };

    [Theory]
    [MemberData(nameof(Rates))]
    public void Passband_is_flat_and_aligned_up_to_nine_tenths_of_the_lower_nyquist(int from, int to)
    {
        double nyquist = Math.Min(from, to) / 2.0;
        foreach (double part in (double[])[0, 0.01, 0.3, 0.6, 0.8, 0.9])
        {
            double hz = part * nyquist;
            float[] y = Resampler.Resample(Cosine(hz, from, from / 4), from, to);
            (double amplitude, double phase) = FitMiddle(y, hz, to);
            Assert.InRange(20 * Math.Log10(amplitude), -0.1, 0.1);
            Assert.InRange(phase, -1e-4, 1e-4);
        }
    }

    [Theory]
    [MemberData(nameof(Rates))]
    public void Images_and_aliases_are_80_dB_down(int from, int to)
    {
        double lower = Math.Min(from, to) / 2.0;
        foreach (double part in (double[])[0.05, 0.5, 0.9, 0.97, 1.0, 1.03, 1.1, 1.5, 1.9])
        {
            double hz = part * lower;
            if (hz > from / 2.0)
                continue;
            float[] y = Middle(Resampler.Resample(Cosine(hz, from, from / 4), from, to));
            // Below the lower Nyquist frequency the tone itself may stay; everything else is an image or an alias.
            double rest = hz < lower ? RestAfterFit(y, hz, to) : Rms(y);
            Assert.InRange(20 * Math.Log10(rest / Math.Sqrt(0.5) + 1e-12), -300, -80);
        }
    }

    [Theory]
    [InlineData(44100, 22050)]
    [InlineData(16000, 22050)]
    [InlineData(48000, 22050)]
    [InlineData(8000, 22050)]
    [InlineData(7, 5)]
    public void Result_equals_the_sum_of_sincs_written_down_naively(int from, int to)
    {
        var random = new Random(17);
        float[] x = [.. Enumerable.Range(0, 500).Select(_ => 2 * random.NextSingle() - 1)];
        float[] y = Resampler.Resample(x, from, to);
        for (int m = 0; m < y.Length; m++)
            Assert.InRange(y[m] - NaiveSum(x, from, to, m), -2e-6, 2e-6);
    }

    [Theory]
    [InlineData(44100, 22050, 400, 200)]
    [InlineData(22050, 44100, 200, 400)]
    [InlineData(16000, 22050, 320, 441)]
    [InlineData(48000, 22050, 640, 294)]
    [InlineData(8000, 22050, 160, 441)]
    public void Impulse_stays_where_it_was(int from, int to, int at, int expected)
    {
        var x = new float[2 * at + 1];
        x[at] = 1;
        float[] y = Resampler.Resample(x, from, to);
        Assert.Equal(expected, Array.IndexOf(y, y.Max()));
        // The peak is the cutoff, 0.95 of the lower Nyquist frequency, and both sides are alike.
        Assert.Equal(0.95 * Math.Min(1.0, (double)to / from), y[expected], 1e-6);
        for (int d = 1; d < Math.Min(expected, y.Length - expected); d++)
            Assert.InRange(y[expected + d] - y[expected - d], -1e-6, 1e-6);
    }

    [Theory]
    [InlineData(0, 44100, 22050, 0)]
    [InlineData(1, 44100, 22050, 1)]
    [InlineData(2, 44100, 22050, 1)]
    [InlineData(3, 44100, 22050, 2)]
    [InlineData(1, 8000, 22050, 3)]
    [InlineData(48000, 48000, 22050, 22050)]
    [InlineData(48001, 48000, 22050, 22051)]
    [InlineData(100, 22051, 22050, 100)]
    public void Length_is_rounded_up(int length, int from, int to, int expected) =>
        Assert.Equal(expected, Resampler.Resample(new float[length], from, to).Length);

    [Fact]
    public void Equal_rates_give_a_copy()
    {
        float[] x = [0.1f, -0.2f, 3f];
        float[] y = Resampler.Resample(x, 22050, 22050);
        Assert.Equal(x, y);
        Assert.NotSame(x, y);
    }

    [Fact]
    public void Rates_without_a_common_divisor_are_resampled()
    {
        float[] y = Resampler.Resample(Cosine(1000, 22051, 11000), 22051, 22050);
        (double amplitude, double phase) = FitMiddle(y, 1000, 22050);
        Assert.Equal(1, amplitude, 1e-3);
        Assert.Equal(0, phase, 1e-3);
    }

    [Theory]
    [InlineData(44100, 22050)]
    [InlineData(16000, 22050)]
    public void Windows_of_the_input_give_bit_for_bit_what_the_whole_gives(int from, int to)
    {
        var random = new Random(3);
        float[] x = [.. Enumerable.Range(0, 4000).Select(_ => random.NextSingle() - 0.5f)];
        float[] whole = Resampler.Resample(x, from, to);
        var resampler = new Resampler(from, to);
        var pieces = new float[whole.Length];
        // 64 samples of the lower rate on each side, and one for rounding.
        int reach = 64 * Math.Max(1, from / to) + 1;
        for (int start = 0; start < pieces.Length; start += 97)
        {
            Span<float> piece = pieces.AsSpan(start, Math.Min(97, pieces.Length - start));
            int begin = Math.Max(0, (int)((long)start * from / to) - reach);
            int end = Math.Min(x.Length, (int)((long)(start + piece.Length) * from / to) + reach + 1);
            resampler.Fill(x.AsSpan(begin, end - begin), begin, piece, start);
        }

        Assert.Equal(whole, pieces);
    }

    [Theory]
    [InlineData(0, 22050)]
    [InlineData(22050, -1)]
    public void Rates_must_be_positive(int from, int to) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Resampler.Resample([1f], from, to));

    [Fact]
    public void Result_beyond_the_longest_array_is_refused() =>
        Refusal.Expect(() => Resampler.Resample(new float[10_000], 1, 768_000), "10000 samples", "7680000000");

    // y(m) = sum over every n of x(n) h(m from/to - n), in double, with the Bessel function as an integral.
    private static double NaiveSum(float[] x, int from, int to, int m)
    {
        double lower = Math.Min(1.0, (double)to / from);
        double cutoff = 0.95 * lower, halfWidth = 64 / lower, beta = 0.1102 * (100 - 8.7);
        double sum = 0;
        for (int n = 0; n < x.Length; n++)
        {
            double t = (double)m * from / to - n;
            if (Math.Abs(t) >= halfWidth)
                continue;
            double sinc = Math.Abs(t) < 1e-9 ? 1 : Math.Sin(Math.PI * cutoff * t) / (Math.PI * cutoff * t);
            double window = BesselI0(beta * Math.Sqrt(1 - t * t / (halfWidth * halfWidth))) / BesselI0(beta);
            sum += x[n] * cutoff * sinc * window;
        }

        return sum;
    }

    // I0(x) = 1/π ∫ exp(x cos θ) dθ over half a turn; the trapezoidal rule converges geometrically on it.
    private static double BesselI0(double x)
    {
        const int steps = 40;
        double sum = 0.5 * (Math.Exp(x) + Math.Exp(-x));
        for (int k = 1; k < steps; k++)
            sum += Math.Exp(x * Math.Cos(Math.PI * k / steps));
        return sum / steps;
    }

    private static float[] Cosine(double hz, int rate, int length) =>
        [.. Enumerable.Range(0, length).Select(t => (float)Math.Cos(2 * Math.PI * hz * t / rate))];

    // The ends ring, because the signal is cut off there.
    private static float[] Middle(float[] y) => y[(y.Length / 4)..(3 * y.Length / 4)];

    private static double Rms(float[] y) => Math.Sqrt(y.Average(v => (double)v * v));

    private static (double Amplitude, double Phase) FitMiddle(float[] y, double hz, int rate)
    {
        (double a, double b) = Fit(Middle(y), y.Length / 4, hz, rate);
        return (Math.Sqrt(a * a + b * b), Math.Atan2(b, a));
    }

    private static double RestAfterFit(float[] middle, double hz, int rate)
    {
        (double a, double b) = Fit(middle, 0, hz, rate);
        return Rms([.. middle.Select((v, t) =>
            (float)(v - a * Math.Cos(2 * Math.PI * hz * t / rate) - b * Math.Sin(2 * Math.PI * hz * t / rate)))]);
    }

    // Least squares for a cos + b sin.
    private static (double A, double B) Fit(float[] y, int start, double hz, int rate)
    {
        double cc = 0, ss = 0, cs = 0, yc = 0, ys = 0;
        for (int t = 0; t < y.Length; t++)
        {
            (double s, double c) = Math.SinCos(2 * Math.PI * hz * (start + t) / rate);
            cc += c * c;
            ss += s * s;
            cs += c * s;
            yc += y[t] * c;
            ys += y[t] * s;
        }

        double det = cc * ss - cs * cs;
        return ss == 0 ? (yc / cc, 0) : ((yc * ss - ys * cs) / det, (ys * cc - yc * cs) / det);
    }
}
