using System.Buffers;

namespace FlowVocoder.Features;

/// <summary>
/// The short-time Fourier transform with a periodic Hann window, centred in the FFT when it is shorter (as librosa and torch.stft do),
/// and its least-squares inverse: windowed overlap-add divided by the summed squared windows
/// (Griffin and Lim, "Signal estimation from modified short-time Fourier transform", 1984, eq. 6).
/// Padding is the caller's, see <see cref="Padding"/>. Instances may be shared by threads; no call allocates in steady state.
/// </summary>
public sealed class Stft
{
    private readonly RealFft _fft;
    private readonly double[] _window;

    /// <summary>Builds the transform.</summary>
    /// <param name="fftSize">Samples of a frame, a power of two.</param>
    /// <param name="windowSize">Samples of the Hann window, 1 … <paramref name="fftSize"/>.</param>
    /// <param name="hop">Samples from one frame to the next, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is outside its range.</exception>
    public Stft(int fftSize, int windowSize, int hop)
    {
        _fft = new RealFft(fftSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(windowSize, fftSize);
        ArgumentOutOfRangeException.ThrowIfLessThan(hop, 1);
        Hop = hop;
        _window = new double[fftSize];
        Windows.HannPeriodic(windowSize).CopyTo(_window, (fftSize - windowSize) / 2);
    }

    /// <summary>Samples of a frame.</summary>
    public int FftSize => _fft.Size;

    /// <summary>Samples from one frame to the next.</summary>
    public int Hop { get; }

    /// <summary>Bins of a spectrum, FftSize/2 + 1.</summary>
    public int Bins => _fft.Bins;

    /// <summary>Frames in a (padded) signal of this many samples: 1 + ⌊(samples − FftSize)/Hop⌋, or 0 when it is shorter than one frame.</summary>
    public int FrameCount(int samples) => samples < FftSize ? 0 : 1 + ((samples - FftSize) / Hop);

    /// <summary>Samples that this many frames cover: (frames − 1)·Hop + FftSize.</summary>
    public int SampleCount(int frames) => frames == 0 ? 0 : ((frames - 1) * Hop) + FftSize;

    /// <summary>The spectrum of one windowed frame: the inner step, for callers that hold a frame and not a signal.</summary>
    /// <param name="samples">[FftSize] samples.</param>
    /// <param name="re">[Bins] receives the real parts.</param>
    /// <param name="im">[Bins] receives the imaginary parts.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Frame(ReadOnlySpan<double> samples, Span<double> re, Span<double> im)
    {
        if (samples.Length != FftSize)
            throw new ArgumentException($"a frame of {samples.Length} samples, expected {FftSize}", nameof(samples));
        double[] rented = ArrayPool<double>.Shared.Rent(FftSize);
        Span<double> windowed = rented.AsSpan(0, FftSize);
        for (int i = 0; i < windowed.Length; i++) windowed[i] = samples[i] * _window[i];
        _fft.Forward(windowed, re, im);
        ArrayPool<double>.Shared.Return(rented);
    }

    /// <summary>The spectra of all frames of a signal; frame i starts at sample i·Hop.</summary>
    /// <param name="signal">[n] samples, already padded.</param>
    /// <param name="re">[FrameCount(n), Bins] row-major, receives the real parts.</param>
    /// <param name="im">[FrameCount(n), Bins] row-major, receives the imaginary parts.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Forward(ReadOnlySpan<double> signal, Span<double> re, Span<double> im)
    {
        int frames = FrameCount(signal.Length);
        CheckSpectra(frames, re.Length, im.Length);
        for (int f = 0; f < frames; f++)
            Frame(signal.Slice(f * Hop, FftSize), re.Slice(f * Bins, Bins), im.Slice(f * Bins, Bins));
    }

    /// <summary>
    /// The signal whose spectra come nearest to the given ones. Exact for spectra of <see cref="Forward"/> wherever a window reaches;
    /// samples that no window reaches become 0. The outermost samples rest on the window's small flanks only: pad, and drop the padding.
    /// </summary>
    /// <param name="re">[frames, Bins] real parts.</param>
    /// <param name="im">[frames, Bins] imaginary parts.</param>
    /// <param name="signal">[SampleCount(frames)] receives the samples.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Inverse(ReadOnlySpan<double> re, ReadOnlySpan<double> im, Span<double> signal)
    {
        int frames = FrameCount(signal.Length);
        CheckSpectra(frames, re.Length, im.Length);
        if (signal.Length != SampleCount(frames))
            throw new ArgumentException($"a signal of {signal.Length} samples, expected {SampleCount(frames)} for {frames} frames", nameof(signal));
        double[] frame = ArrayPool<double>.Shared.Rent(FftSize), weight = ArrayPool<double>.Shared.Rent(signal.Length);
        signal.Clear();
        weight.AsSpan(0, signal.Length).Clear();
        for (int f = 0; f < frames; f++)
        {
            _fft.Inverse(re.Slice(f * Bins, Bins), im.Slice(f * Bins, Bins), frame.AsSpan(0, FftSize));
            for (int i = 0, at = f * Hop; i < FftSize; i++, at++)
            {
                signal[at] += frame[i] * _window[i];
                weight[at] += _window[i] * _window[i];
            }
        }
        for (int i = 0; i < signal.Length; i++)
            signal[i] = weight[i] > 1e-12 ? signal[i] / weight[i] : 0;
        ArrayPool<double>.Shared.Return(frame);
        ArrayPool<double>.Shared.Return(weight);
    }

    private void CheckSpectra(int frames, int re, int im)
    {
        if (re != frames * Bins || im != frames * Bins)
            throw new ArgumentException($"spectra of {re} real and {im} imaginary parts, expected {frames} frames of {Bins}");
    }
}
