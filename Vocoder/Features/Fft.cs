using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;

namespace FlowVocoder.Features;

/// <summary>
/// The discrete Fourier transform of real signals in double precision, for sizes that are powers of two:
/// X[k] = Σ_n x[n]·exp(−2πi·k·n/size) for k = 0 … size/2.
/// Computed as a complex transform of half the size over the even and odd samples (radix 2, decimation in time).
/// An instance holds only tables: it may be shared by threads, and no call allocates in steady state.
/// </summary>
public sealed class RealFft
{
    private readonly int _half;
    private readonly int[] _bitReversed;

    // The twiddles of the stage with butterflies h apart lie at [h, 2h): exp(−πi·j/h) for j = 0 … h−1.
    private readonly double[] _stageCos;
    private readonly double[] _stageSin;

    // exp(−2πi·k/size) for k = 0 … size/4, which splits the packed spectrum into that of even and odd samples.
    private readonly double[] _splitCos;
    private readonly double[] _splitSin;

    /// <summary>Builds the tables for transforms of <paramref name="size"/> samples.</summary>
    /// <param name="size">A power of two, at least 2.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="size"/> is not a power of two, or below 2.</exception>
    public RealFft(int size)
    {
        if (size < 2 || !BitOperations.IsPow2(size))
            throw new ArgumentOutOfRangeException(nameof(size), size, "the FFT size has to be a power of two, at least 2");
        Size = size;
        _half = size / 2;
        int bits = BitOperations.Log2((uint)_half);
        _bitReversed = new int[_half];
        for (int i = 1; i < _half; i++)
            _bitReversed[i] = (_bitReversed[i >> 1] >> 1) | ((i & 1) << (bits - 1));
        _stageCos = new double[_half];
        _stageSin = new double[_half];
        for (int h = 1; h < _half; h *= 2)
            for (int j = 0; j < h; j++)
                (_stageSin[h + j], _stageCos[h + j]) = Math.SinCos(-Math.PI * j / h);
        _splitCos = new double[(_half / 2) + 1];
        _splitSin = new double[(_half / 2) + 1];
        for (int k = 0; k < _splitCos.Length; k++)
            (_splitSin[k], _splitCos[k]) = Math.SinCos(-2 * Math.PI * k / size);
    }

    /// <summary>Samples of the signal.</summary>
    public int Size { get; }

    /// <summary>Bins of the spectrum, Size/2 + 1: from 0 Hz to half the sample rate, both included.</summary>
    public int Bins => _half + 1;

    /// <summary>Transforms a signal into its spectrum, unscaled. The imaginary parts of the first and last bin are 0.</summary>
    /// <param name="x">[Size] the signal.</param>
    /// <param name="re">[Bins] real parts; must not overlap <paramref name="x"/>.</param>
    /// <param name="im">[Bins] imaginary parts; must not overlap <paramref name="x"/>.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Forward(ReadOnlySpan<double> x, Span<double> re, Span<double> im)
    {
        Check(x.Length, re.Length, im.Length);
        for (int i = 0; i < _half; i++)
        {
            int from = 2 * _bitReversed[i];
            re[i] = x[from];
            im[i] = x[from + 1];
        }
        Butterflies(re[.._half], im[.._half]);

        double dc = re[0], nyquist = im[0];
        (re[0], im[0]) = (dc + nyquist, 0);
        (re[_half], im[_half]) = (dc - nyquist, 0);
        for (int k = 1; k <= _half / 2; k++)
        {
            int m = _half - k;
            double evenRe = 0.5 * (re[k] + re[m]), evenIm = 0.5 * (im[k] - im[m]);
            double oddRe = 0.5 * (im[k] + im[m]), oddIm = 0.5 * (re[m] - re[k]);
            double turnedRe = (oddRe * _splitCos[k]) - (oddIm * _splitSin[k]);
            double turnedIm = (oddRe * _splitSin[k]) + (oddIm * _splitCos[k]);
            (re[k], im[k]) = (evenRe + turnedRe, evenIm + turnedIm);
            (re[m], im[m]) = (evenRe - turnedRe, turnedIm - evenIm);
        }
    }

    /// <summary>
    /// Transforms a spectrum back into its signal, scaled by 1/Size so that it undoes <see cref="Forward"/>.
    /// The imaginary parts of the first and last bin are ignored, as numpy's irfft does.
    /// </summary>
    /// <param name="re">[Bins] real parts.</param>
    /// <param name="im">[Bins] imaginary parts.</param>
    /// <param name="x">[Size] receives the signal; must not overlap the inputs.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Inverse(ReadOnlySpan<double> re, ReadOnlySpan<double> im, Span<double> x)
    {
        Check(x.Length, re.Length, im.Length);
        double[] rented = ArrayPool<double>.Shared.Rent(2 * _half);
        Span<double> packedRe = rented.AsSpan(0, _half), packedIm = rented.AsSpan(_half, _half);

        // A transform with the opposite sign is the same one with real and imaginary parts exchanged,
        // so what is packed here as (re, im) is the (imaginary, real) part of even + i·odd.
        double scale = 1.0 / Size;
        packedRe[0] = scale * (re[0] - re[_half]);
        packedIm[0] = scale * (re[0] + re[_half]);
        for (int k = 1; k <= _half / 2; k++)
        {
            int m = _half - k;
            double evenRe = re[k] + re[m], evenIm = im[k] - im[m];
            double turnedRe = re[k] - re[m], turnedIm = im[k] + im[m];
            double oddRe = (turnedRe * _splitCos[k]) + (turnedIm * _splitSin[k]);
            double oddIm = (turnedIm * _splitCos[k]) - (turnedRe * _splitSin[k]);
            int atK = _bitReversed[k], atM = _bitReversed[m];
            packedIm[atM] = scale * (evenRe + oddIm);
            packedRe[atM] = scale * (oddRe - evenIm);
            packedIm[atK] = scale * (evenRe - oddIm);
            packedRe[atK] = scale * (evenIm + oddRe);
        }
        Butterflies(packedRe, packedIm);
        for (int i = 0; i < _half; i++)
        {
            x[2 * i] = packedIm[i];
            x[(2 * i) + 1] = packedRe[i];
        }
        ArrayPool<double>.Shared.Return(rented);
    }

    private void Butterflies(Span<double> re, Span<double> im)
    {
        for (int h = 1; h < _half; h *= 2)
        {
            ReadOnlySpan<double> cos = _stageCos.AsSpan(h, h), sin = _stageSin.AsSpan(h, h);
            for (int start = 0; start < _half; start += 2 * h)
            {
                Span<double> re0 = re.Slice(start, h), re1 = re.Slice(start + h, h);
                Span<double> im0 = im.Slice(start, h), im1 = im.Slice(start + h, h);
                if (h >= Vector<double>.Count)
                    VectorStage(re0, im0, re1, im1, cos, sin);
                else
                    ScalarStage(re0, im0, re1, im1, cos, sin);
            }
        }
    }

    private static void ScalarStage(
        Span<double> re0, Span<double> im0, Span<double> re1, Span<double> im1, ReadOnlySpan<double> cos, ReadOnlySpan<double> sin)
    {
        for (int j = 0; j < cos.Length; j++)
        {
            double turnedRe = (re1[j] * cos[j]) - (im1[j] * sin[j]);
            double turnedIm = (re1[j] * sin[j]) + (im1[j] * cos[j]);
            (re0[j], re1[j]) = (re0[j] + turnedRe, re0[j] - turnedRe);
            (im0[j], im1[j]) = (im0[j] + turnedIm, im0[j] - turnedIm);
        }
    }

    // h is a power of two no smaller than the vector, itself a power of two: no tail.
    private static void VectorStage(
        Span<double> re0, Span<double> im0, Span<double> re1, Span<double> im1, ReadOnlySpan<double> cos, ReadOnlySpan<double> sin)
    {
        Span<Vector<double>> vRe0 = MemoryMarshal.Cast<double, Vector<double>>(re0), vRe1 = MemoryMarshal.Cast<double, Vector<double>>(re1);
        Span<Vector<double>> vIm0 = MemoryMarshal.Cast<double, Vector<double>>(im0), vIm1 = MemoryMarshal.Cast<double, Vector<double>>(im1);
        ReadOnlySpan<Vector<double>> vCos = MemoryMarshal.Cast<double, Vector<double>>(cos), vSin = MemoryMarshal.Cast<double, Vector<double>>(sin);
        for (int j = 0; j < vCos.Length; j++)
        {
            Vector<double> turnedRe = (vRe1[j] * vCos[j]) - (vIm1[j] * vSin[j]);
            Vector<double> turnedIm = (vRe1[j] * vSin[j]) + (vIm1[j] * vCos[j]);
            vRe1[j] = vRe0[j] - turnedRe;
            vRe0[j] += turnedRe;
            vIm1[j] = vIm0[j] - turnedIm;
            vIm0[j] += turnedIm;
        }
    }

    private void Check(int signal, int re, int im)
    {
        if (signal != Size || re != Bins || im != Bins)
            throw new ArgumentException($"spans of {signal} samples, {re} real and {im} imaginary parts, expected {Size}, {Bins} and {Bins}");
    }
}
