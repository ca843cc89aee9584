using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FlowVocoder.AudioIO;

/// <summary>
/// Changes the sample rate by any ratio of integers: windowed-sinc interpolation in polyphase form, without delay
/// (time 0 of the input is time 0 of the output).
/// <para>y[m] = Σ_n x[n] · h(m·from/to − n), where h(t) = c·sinc(c·t)·w(t/S), c is the cutoff (0.95 of the lower of the two
/// Nyquist frequencies, relative to the input's), w the Kaiser window and S its half width, 64 samples of the lower
/// rate. Kaiser's formula (Oppenheim and Schafer, Discrete-Time Signal Processing, 7.5.3) gives about 100 dB beyond the
/// lower Nyquist frequency and a flat pass-band up to 0.9 of it.</para>
/// </summary>
/// <remarks>
/// The output of one instant depends on the input within ±S of it and on nothing else.
/// </remarks>
public sealed class Resampler
{
    private const double Cutoff = 0.95;
    private const int HalfWidthAtLowerRate = 64;

    // Kaiser's β for 100 dB: 0.1102·(A − 8.7).
    private const double Beta = 0.1102 * (100 - 8.7);

    private readonly double _cutoff;
    private readonly double _halfWidth;
    private readonly int _taps;
    private readonly int _up;
    private readonly int _down;

    // One row of taps for each of the _up fractions of an input sample, made when first needed: odd ratios have many.
    private readonly float[]?[] _phases;

    /// <summary>Prepares a ratio; <see cref="Resample"/> and <see cref="ResamplerStream"/> are the ways in.</summary>
    internal Resampler(int from, int to)
    {
        int divisor = (int)BigInteger.GreatestCommonDivisor(from, to);
        _up = to / divisor;
        _down = from / divisor;
        double lower = Math.Min(1.0, (double)to / from);
        _cutoff = Cutoff * lower;
        _halfWidth = HalfWidthAtLowerRate / lower;
        _taps = 2 * (int)Math.Ceiling(_halfWidth);
        _phases = new float[_up][];
    }

    /// <summary>Input samples on either side of an instant that its output sample depends on.</summary>
    internal int Reach => _taps / 2;

    /// <summary>Resamples a whole signal; beyond its ends it is taken as silent. A copy where the rates are equal.</summary>
    /// <param name="x">The samples.</param>
    /// <param name="from">Their rate in Hz, positive.</param>
    /// <param name="to">The wanted rate in Hz, positive.</param>
    /// <returns>⌈x.Length · to / from⌉ samples.</returns>
    /// <exception cref="VocoderException">The result would be longer than an array can be.</exception>
    public static float[] Resample(ReadOnlySpan<float> x, int from, int to)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(from);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(to);
        if (from == to)
            return x.ToArray();
        long length = ((long)x.Length * to + from - 1) / from;
        if (length > Array.MaxLength)
            throw new VocoderException($"resampling {x.Length} samples from {from} to {to} Hz gives {length}, expected at most {Array.MaxLength}");
        var y = new float[length];
        new Resampler(from, to).Fill(x, 0, y, 0);
        return y;
    }

    /// <summary>Computes a range of output samples from a window of the input; outside the window it is taken as silent.</summary>
    /// <param name="x">Input samples from <paramref name="xStart"/> on.</param>
    /// <param name="xStart">Index of the window's first sample in the whole input.</param>
    /// <param name="y">Receives output samples from <paramref name="yStart"/> on.</param>
    /// <param name="yStart">Index of the first of them in the whole output.</param>
    /// <remarks>Chunks whose windows reach ±S beyond them give bit for bit what the whole gives.</remarks>
    internal void Fill(ReadOnlySpan<float> x, long xStart, Span<float> y, long yStart)
    {
        for (int i = 0; i < y.Length; i++)
        {
            // Output m lies at input time m·down/up = centre + phase/up.
            long time = (yStart + i) * _down;
            long centre = time / _up;
            int phase = (int)(time % _up);
            float[] taps = _phases[phase] ??= MakePhase(phase);
            long first = centre - (_taps / 2 - 1) - xStart;
            int begin = (int)Math.Clamp(-first, 0, _taps);
            int end = (int)Math.Clamp(x.Length - first, begin, _taps);
            y[i] = begin == end ? 0f : Dot(x.Slice((int)(first + begin), end - begin), taps.AsSpan(begin, end - begin));
        }
    }

    // Tap k weighs the input at centre − (taps/2 − 1) + k.
    private float[] MakePhase(int phase)
    {
        var taps = new float[_taps];
        double fraction = (double)phase / _up;
        for (int k = 0; k < taps.Length; k++)
            taps[k] = (float)Kernel(fraction + (_taps / 2 - 1) - k);
        return taps;
    }

    private double Kernel(double t)
    {
        double u = t / _halfWidth;
        if (Math.Abs(u) >= 1)
            return 0;
        double angle = Math.PI * _cutoff * t;
        double sinc = angle == 0 ? 1 : Math.Sin(angle) / angle;
        return _cutoff * sinc * BesselI0(Beta * Math.Sqrt(1 - u * u)) / BesselI0(Beta);
    }

    // Σ_k ((x/2)^k / k!)², which converges for every x and fast for the x < 11 used here.
    private static double BesselI0(double x)
    {
        double sum = 1, term = 1;
        for (int k = 1; term > 1e-17 * sum; k++)
        {
            term *= x / (2 * k) * (x / (2 * k));
            sum += term;
        }

        return sum;
    }

    private static float Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        // 256 bits wide on every machine, so that every machine sums in the same order.
        ReadOnlySpan<Vector256<float>> va = MemoryMarshal.Cast<float, Vector256<float>>(a);
        ReadOnlySpan<Vector256<float>> vb = MemoryMarshal.Cast<float, Vector256<float>>(b);
        Vector256<float> even = Vector256<float>.Zero, odd = Vector256<float>.Zero;
        int i = 0;
        for (; i + 1 < va.Length; i += 2)
        {
            even += va[i] * vb[i];
            odd += va[i + 1] * vb[i + 1];
        }

        if (i < va.Length)
            even += va[i] * vb[i];
        float sum = Vector256.Sum(even + odd);
        for (int k = va.Length * Vector256<float>.Count; k < a.Length; k++)
            sum += a[k] * b[k];
        return sum;
    }
}
