using System.Numerics;
using NWaves.Transforms;

namespace FlowVocoder.Features;

/// <summary>Pitch of a recording, one value per mel frame.</summary>
/// <param name="F0">[frames] fundamental frequency in Hz, 0 where unvoiced.</param>
/// <param name="Periodicity">[frames] height of the autocorrelation peak, 0 (no period in range) to 1 (perfectly periodic).</param>
public sealed record PitchTrack(float[] F0, float[] Periodicity);

/// <summary>
/// Fundamental frequency by normalised autocorrelation (B. Atal 1968; D. Talkin, "A robust algorithm for pitch tracking", 1995):
/// ρ(τ) = Σ_t x_t·x_{t+τ} / √(Σ_t x_t² · Σ_t x_{t+τ}²) over the W − τ pairs inside a window of W = 1024 samples, 75–400 Hz,
/// voiced above 0.55, median of 5. Frames are those of a mel recipe: frame i is centred where mel frame i is.
/// </summary>
public sealed class PitchTracker
{
    /// <summary>Window in samples at 22.05 kHz; other rates scale it to the same duration.</summary>
    private const int WindowAt22050 = 1024;
    private const double LowestHz = 75, HighestHz = 400, VoicedAbove = 0.55;
    private const int MedianLength = 5;

    // A signal of period T has period 2T too. Every octave down has to be better by this much of correlation, which is what
    // noise lifts one peak of an otherwise equal pair (compare the octave cost of P. Boersma 1993). A search for the smoothest path
    // through the peaks (his last step) left as many jumps on speech as the median alone, and was dropped.
    private const double OctaveCost = 0.06;

    // Below this mean square (-100 dBFS) there is nothing to correlate but the last bits of silence; and frames 50 dB below the loudest
    // of a recording are its background: hum and the ringing of a codec are periodic too, and nobody's voice.
    private const double SilencePower = 1e-10, BackgroundPower = 1e-5;

    private readonly MelRecipe _recipe;
    private readonly int _window, _minLag, _maxLag, _size;

    /// <summary>A tracker for the frames of a recipe.</summary>
    /// <param name="recipe">Gives sample rate, hop and where frames are centred.</param>
    public PitchTracker(MelRecipe recipe)
    {
        _recipe = recipe;
        _window = (int)Math.Round((double)WindowAt22050 * recipe.SampleRate / 22050);
        _minLag = (int)(recipe.SampleRate / HighestHz);
        _maxLag = (int)Math.Ceiling(recipe.SampleRate / LowestHz);
        // Long enough that the circular correlation does not wrap at the lags in use.
        _size = (int)BitOperations.RoundUpToPowerOf2((uint)(_window + _maxLag + 2));
    }

    /// <summary>Tracks a recording.</summary>
    /// <param name="audio">[samples] at the recipe's rate; taken as 0 beyond its ends.</param>
    /// <param name="frames">Frames of the recipe's mel spectrogram of this recording.</param>
    /// <returns>Pitch and periodicity of every frame.</returns>
    public PitchTrack Track(ReadOnlySpan<float> audio, int frames)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(frames);
        var found = new FramePitch[frames];
        var work = new Workspace(_size, _maxLag);
        for (int i = 0; i < frames; i++) found[i] = Frame(audio, 0, i, work);
        return Finish(found);
    }

    /// <summary>Tracks a recording that comes in pieces, bit for bit as <see cref="Track"/>.</summary>
    internal PitchStream NewStream() => new(this);

    /// <summary>What one frame tells by itself.</summary>
    /// <param name="F0">Hz, 0 where there is no period.</param>
    /// <param name="Periodicity">Height of the peak.</param>
    /// <param name="Power">Sum of squares in the window.</param>
    internal readonly record struct FramePitch(float F0, float Periodicity, double Power);

    /// <summary>Samples of a window.</summary>
    internal int Window => _window;

    /// <summary>The first sample of the window of a frame; it may lie before the recording.</summary>
    internal int FirstSample(int frame) => (int)FrameCentres.Of(_recipe, frame) - (_window / 2);

    /// <summary>Memory to work with, for one thread.</summary>
    internal Workspace NewWorkspace() => new(_size, _maxLag);

    /// <summary>What all frames tell together: the background is nobody's voice, and the median is taken.</summary>
    internal static PitchTrack Finish(ReadOnlySpan<FramePitch> frames)
    {
        float[] raw = new float[frames.Length], periodicity = new float[frames.Length];
        double loudest = 0;
        foreach (FramePitch frame in frames) loudest = Math.Max(loudest, frame.Power);
        for (int i = 0; i < raw.Length; i++)
            (raw[i], periodicity[i]) = (frames[i].Power > BackgroundPower * loudest ? frames[i].F0 : 0, frames[i].Periodicity);
        return new PitchTrack(Median(raw), periodicity);
    }

    /// <summary>One frame of samples of which those from <paramref name="start"/> on are there; the others are taken as 0.</summary>
    internal FramePitch Frame(ReadOnlySpan<float> audio, int start, int frame, Workspace work)
    {
        Span<double> x = work.Signal.AsSpan(0, _window);
        int first = FirstSample(frame) - start;
        double mean = 0;
        for (int n = 0; n < _window; n++)
        {
            int t = first + n;
            x[n] = t >= 0 && t < audio.Length ? audio[t] : 0;
            mean += x[n];
        }
        mean /= _window;
        double power = 0;
        for (int n = 0; n < _window; n++)
        {
            x[n] -= mean;
            power += x[n] * x[n];
        }
        // Written so that a NaN counts as silence.
        if (!(power > SilencePower * _window))
            return default;
        Correlate(work, power);
        (float f0, float periodicity) = Peak(work.Correlation);
        return new FramePitch(f0, periodicity, power);
    }

    /// <summary>ρ(τ) for the lags one beyond the range on either side.</summary>
    private void Correlate(Workspace work, double power)
    {
        work.Signal.AsSpan(_window).Clear();
        work.Fft.Direct(work.Signal, work.Re, work.Im);
        for (int k = 0; k < work.Re.Length; k++)
        {
            work.Re[k] = (work.Re[k] * work.Re[k]) + (work.Im[k] * work.Im[k]);
            work.Im[k] = 0;
        }
        work.Fft.InverseNorm(work.Re, work.Im, work.Product);
        // Energies of the first and the last W − τ samples, by taking away one at each end.
        double head = power, tail = power;
        for (int lag = 1; lag <= _maxLag + 1; lag++)
        {
            head -= work.Signal[_window - lag] * work.Signal[_window - lag];
            tail -= work.Signal[lag - 1] * work.Signal[lag - 1];
            double energy = head * tail;
            // One end of the window may be silent: an onset is not periodic.
            work.Correlation[lag] = head > 1e-6 * power && tail > 1e-6 * power ? work.Product[lag] / Math.Sqrt(energy) : 0;
        }
    }

    private (float F0, float Periodicity) Peak(double[] rho)
    {
        double bestScore = double.NegativeInfinity, bestLag = 0, bestHeight = 0;
        for (int lag = _minLag; lag <= _maxLag; lag++)
        {
            if (rho[lag] <= 0 || rho[lag] < rho[lag - 1] || rho[lag] <= rho[lag + 1])
                continue;
            (double at, double height) = Parabola(rho[lag - 1], rho[lag], rho[lag + 1]);
            double score = height - (OctaveCost * Math.Log2((lag + at) / _minLag));
            if (score > bestScore)
                (bestScore, bestLag, bestHeight) = (score, lag + at, height);
        }
        float periodicity = (float)Math.Clamp(bestHeight, 0, 1);
        return (bestHeight > VoicedAbove ? (float)(_recipe.SampleRate / bestLag) : 0, periodicity);
    }

    /// <summary>Place (relative to the middle point, −½ … ½) and height of the parabola through three points around a peak.</summary>
    private static (double At, double Height) Parabola(double left, double middle, double right)
    {
        double bend = left - (2 * middle) + right;
        if (bend >= 0)
            return (0, middle);
        double at = 0.5 * (left - right) / bend;
        return (at, middle - (0.25 * (left - right) * at));
    }

    /// <summary>
    /// The running median over five frames, the ends by repeating the first and last value: voiced where most are, with the median of
    /// those that are. It removes octave slips and voicing of one or two frames.
    /// </summary>
    private static float[] Median(float[] raw)
    {
        float[] smooth = new float[raw.Length];
        Span<float> around = stackalloc float[MedianLength];
        for (int i = 0; i < raw.Length; i++)
        {
            for (int j = 0; j < MedianLength; j++)
                around[j] = raw[Math.Clamp(i + j - (MedianLength / 2), 0, raw.Length - 1)];
            around.Sort();
            int unvoiced = around.LastIndexOf(0f) + 1;
            if (unvoiced <= MedianLength / 2)
                smooth[i] = around[(unvoiced + MedianLength - 1) / 2];
        }
        return smooth;
    }

    /// <summary>What a thread works with.</summary>
    internal sealed class Workspace(int size, int maxLag)
    {
        public readonly RealFft64 Fft = new(size);
        public readonly double[] Signal = new double[size], Product = new double[size];
        public readonly double[] Re = new double[(size / 2) + 1], Im = new double[(size / 2) + 1];
        public readonly double[] Correlation = new double[maxLag + 2];
    }
}
