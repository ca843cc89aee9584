using System.Buffers;
using System.Numerics;
using MathNet.Numerics.IntegralTransforms;
using NWaves.Transforms;

namespace FlowVocoder.Features;

/// <summary>
/// The short-time Fourier transform by NWaves' <see cref="RealFft64"/>, or MathNet's where the size is no power of two, with the window centred in the FFT when
/// it is shorter (as librosa and torch.stft do), and its least-squares inverse: windowed overlap-add divided by the summed squared windows
/// (Griffin and Lim, "Signal estimation from modified short-time Fourier transform", 1984, eq. 6).
/// Padding is the caller's, see <see cref="Padding"/>. Instances may be shared by threads; with a power of two, no call allocates in steady state.
/// </summary>
public sealed class Stft
{
    private readonly double[] _window;

    // NWaves' transform works in buffers of its own.
    private readonly ThreadLocal<Workspace> _work;

    /// <summary>Builds the transform with a periodic Hann window.</summary>
    /// <param name="fftSize">Samples of a frame, an even number, best a power of two.</param>
    /// <param name="windowSize">Samples of the Hann window, 1 … <paramref name="fftSize"/>.</param>
    /// <param name="hop">Samples from one frame to the next, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is outside its range.</exception>
    public Stft(int fftSize, int windowSize, int hop) : this(fftSize, Windows.HannPeriodic(windowSize), hop) { }

    /// <summary>Builds the transform.</summary>
    /// <param name="fftSize">Samples of a frame, an even number, best a power of two.</param>
    /// <param name="window">The window, at most <paramref name="fftSize"/> samples.</param>
    /// <param name="hop">Samples from one frame to the next, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A size is outside its range.</exception>
    public Stft(int fftSize, ReadOnlySpan<double> window, int hop)
    {
        if (fftSize < 2 || fftSize % 2 != 0)
            throw new ArgumentOutOfRangeException(nameof(fftSize), fftSize, "the FFT size has to be an even number, at least 2");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(window.Length, fftSize, nameof(window));
        ArgumentOutOfRangeException.ThrowIfLessThan(hop, 1);
        (FftSize, Hop) = (fftSize, hop);
        _window = new double[fftSize];
        window.CopyTo(_window.AsSpan((fftSize - window.Length) / 2));
        _work = new ThreadLocal<Workspace>(() => new Workspace(fftSize));
    }

    /// <summary>Samples of a frame.</summary>
    public int FftSize { get; }

    /// <summary>Samples from one frame to the next.</summary>
    public int Hop { get; }

    /// <summary>Bins of a spectrum, FftSize/2 + 1.</summary>
    public int Bins => (FftSize / 2) + 1;

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
        if (re.Length != Bins || im.Length != Bins)
            throw new ArgumentException($"room for {re.Length} real and {im.Length} imaginary parts, expected {Bins}");
        Workspace work = _work.Value!;
        for (int i = 0; i < samples.Length; i++) work.Frame[i] = samples[i] * _window[i];
        work.Forward(work.Frame.AsSpan(), re, im);
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
        Workspace work = _work.Value!;
        double[] frame = work.Frame, weight = ArrayPool<double>.Shared.Rent(signal.Length);
        signal.Clear();
        weight.AsSpan(0, signal.Length).Clear();
        for (int f = 0; f < frames; f++)
        {
            im.Slice(f * Bins, Bins).CopyTo(work.Im);
            // Of a real signal they are 0, and numpy's irfft does not look at them.
            work.Im[0] = work.Im[^1] = 0;
            work.Inverse(re.Slice(f * Bins, Bins));
            for (int i = 0, at = f * Hop; i < FftSize; i++, at++)
            {
                signal[at] += frame[i] * _window[i];
                weight[at] += _window[i] * _window[i];
            }
        }
        for (int i = 0; i < signal.Length; i++)
            signal[i] = weight[i] > 1e-12 ? signal[i] / weight[i] : 0;
        ArrayPool<double>.Shared.Return(weight);
    }

    private void CheckSpectra(int frames, int re, int im)
    {
        if (re != frames * Bins || im != frames * Bins)
            throw new ArgumentException($"spectra of {re} real and {im} imaginary parts, expected {frames} frames of {Bins}");
    }

    private sealed class Workspace(int size)
    {
        private readonly RealFft64? _fft = BitOperations.IsPow2(size) ? new(size) : null;
        private readonly Complex[] _spectrum = BitOperations.IsPow2(size) ? [] : new Complex[size];

        public readonly double[] Frame = new double[size], Im = new double[(size / 2) + 1];

        public void Forward(Span<double> frame, Span<double> re, Span<double> im)
        {
            if (_fft != null)
            {
                _fft.Direct(frame, re, im);
                return;
            }
            for (int i = 0; i < size; i++) _spectrum[i] = frame[i];
            Fourier.Forward(_spectrum, FourierOptions.NoScaling);
            for (int k = 0; k < re.Length; k++) (re[k], im[k]) = (_spectrum[k].Real, _spectrum[k].Imaginary);
        }

        /// <summary>From real parts and <see cref="Im"/> to <see cref="Frame"/>.</summary>
        public void Inverse(ReadOnlySpan<double> re)
        {
            if (_fft != null)
            {
                _fft.InverseNorm(re, Im, Frame);
                return;
            }
            for (int k = 0; k < re.Length; k++) _spectrum[k] = new Complex(re[k], Im[k]);
            for (int k = re.Length; k < size; k++) _spectrum[k] = Complex.Conjugate(_spectrum[size - k]);
            Fourier.Inverse(_spectrum, FourierOptions.AsymmetricScaling);
            for (int i = 0; i < size; i++) Frame[i] = _spectrum[i].Real;
        }
    }
}
