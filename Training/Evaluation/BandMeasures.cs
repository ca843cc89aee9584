using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Evaluation;

/// <summary>What single bands of a generated clip say, where the mel and the waveform as a whole say little.</summary>
/// <param name="LowMelL1">Log-mel L1 of the bands below 1 kHz, nats: single harmonics, which the mel resolves there.</param>
/// <param name="Periodicity">
/// For each of <see cref="BandMeasures.PeriodicityBands"/> the mean normalised autocorrelation of the band at the recording's period in its voiced frames,
/// 1 for a periodic signal; NaN without a voiced frame.
/// </param>
/// <param name="LevelError">Mean of the level from 300 to 800 Hz over that of the recording in its voiced frames, dB; NaN without one.</param>
/// <param name="LevelScatter">Its standard deviation, dB.</param>
/// <param name="HighModulation">
/// Standard deviation of the change of the level above 8 kHz from one 6 ms to the next, nats: stripes in a spectrogram raise it, smoothness lowers it. NaN
/// where nothing lies there.
/// </param>
/// <param name="Beyond">Samples beyond full scale, which 16 bits clip.</param>
public sealed record BandScores(double LowMelL1, IReadOnlyList<double> Periodicity, double LevelError, double LevelScatter, double HighModulation, int Beyond);

/// <summary>Measures bands of a generated signal beside its reference; the instance may be shared by threads.</summary>
public sealed class BandMeasures
{
    private static readonly Parallelism s_one = new(1);

    private const int FrameSize = 1024, ShortFrame = 256, ShortHop = 128;
    private const double LowHz = 1000, LevelFrom = 300, LevelTo = 800, HighFrom = 8000;
    // Of a mean square: what lies below is silence and not a level.
    private const double SilentPower = 1e-10;
    // The tracker's period is right to half a per cent or so, which at 6 kHz is a quarter of a wave.
    private const double LagRange = 0.012;
    private const int LagSteps = 12;

    private readonly PitchTracker _tracker;
    private readonly MelSpectrogram _mel;
    private readonly MelRecipe _recipe;
    private readonly Stft _long = new(FrameSize, FrameSize, FrameSize), _short = new(ShortFrame, ShortFrame, ShortHop);
    private readonly double[] _windowCorrelation;
    private readonly int _lowBands;

    /// <summary>Prepares the measures for the frames of a recipe.</summary>
    /// <exception cref="VocoderException">The recipe is not valid.</exception>
    public BandMeasures(MelRecipe recipe)
    {
        (_recipe, _tracker, _mel) = (recipe, new PitchTracker(recipe), new MelSpectrogram(recipe));
        var bank = new MelFilterBank(recipe);
        _lowBands = Enumerable.Range(0, recipe.Bands).Count(
            b => (bank.FirstBin(b) + bank.Weights(b).Length / 2) * (double)recipe.SampleRate / recipe.FftSize < LowHz);
        double[] window = Windows.HannPeriodic(FrameSize);
        _windowCorrelation = [.. Enumerable.Range(0, FrameSize).Select(lag => Enumerable.Range(0, FrameSize - lag).Sum(n => window[n] * window[n + lag]))];
    }

    /// <summary>Bands of <see cref="BandScores.Periodicity"/>, Hz.</summary>
    public static IReadOnlyList<(double From, double To)> PeriodicityBands { get; } = [(0, 1000), (1000, 2000), (2000, 4000), (4000, 6000)];

    /// <summary>Measures a clip; both signals are equally long.</summary>
    /// <param name="reference">Samples at the recipe's rate.</param>
    /// <param name="generated">The same, aligned.</param>
    public BandScores Score(ReadOnlySpan<float> reference, ReadOnlySpan<float> generated)
    {
        float[] f0 = _tracker.Track(reference, _mel.FrameCount(reference.Length)).F0;
        var correlations = PeriodicityBands.Select(_ => new List<double>()).ToArray();
        var levels = new List<double>();
        Spectrum wanted = new(_long), found = new(_long);
        for (int i = 0; i < f0.Length; i++)
        {
            if (!(f0[i] > 0)) continue;
            int start = (int)FrameCentres.Of(_recipe, i) - FrameSize / 2;
            wanted.Load(reference, start);
            found.Load(generated, start);
            for (int band = 0; band < correlations.Length; band++)
                correlations[band].Add(Periodicity(found.Power, PeriodicityBands[band], _recipe.SampleRate / (double)f0[i]));
            double level = Power(wanted.Power, LevelFrom, LevelTo);
            if (level > 0) levels.Add(10 * Math.Log10(Math.Max(Power(found.Power, LevelFrom, LevelTo), 1e-9 * level) / level));
        }
        double mean = levels.Count == 0 ? double.NaN : levels.Average();
        return new BandScores(LowMelL1(reference, generated), [.. correlations.Select(c => c.Count == 0 ? double.NaN : c.Average())], mean,
            Deviation(levels), HighModulation(generated), Count(generated));
    }

    private double LowMelL1(ReadOnlySpan<float> reference, ReadOnlySpan<float> generated)
    {
        float[] a = _mel.Compute(reference, s_one), b = _mel.Compute(generated, s_one);
        int count = _lowBands * (a.Length / _recipe.Bands);
        double sum = 0;
        for (int i = 0; i < count; i++) sum += Math.Abs((double)a[i] - b[i]);
        return count == 0 ? double.NaN : sum / count * _recipe.NatsPerUnit;
    }

    // Of a windowed frame whose spectrum is known, the autocorrelation of a band at any lag is a sum of cosines; that of the window is divided out
    // (Boersma 1993, eq. 9). The best of lags close by.
    private double Periodicity(double[] power, (double From, double To) band, double period)
    {
        int first = Bin(band.From, FrameSize), end = Bin(band.To, FrameSize);
        double total = 0, best = -1;
        for (int k = first; k < end; k++) total += power[k];
        if (!(total > 0)) return 0;
        for (int step = -LagSteps; step <= LagSteps; step++)
        {
            double lag = period * (1 + LagRange * step / LagSteps), sum = 0;
            for (int k = first; k < end; k++) sum += power[k] * Math.Cos(2 * Math.PI * k * lag / FrameSize);
            int whole = (int)lag;
            double window = _windowCorrelation[whole] + (lag - whole) * (_windowCorrelation[whole + 1] - _windowCorrelation[whole]);
            best = Math.Max(best, sum / total * _windowCorrelation[0] / window);
        }
        return Math.Min(best, 1);
    }

    private double HighModulation(ReadOnlySpan<float> signal)
    {
        var spectrum = new Spectrum(_short);
        var changes = new List<double>();
        double before = double.NaN;
        for (int start = 0; start + ShortFrame <= signal.Length; start += ShortHop)
        {
            spectrum.Load(signal, start);
            double power = 0;
            for (int k = Bin(HighFrom, ShortFrame); k < spectrum.Power.Length; k++) power += spectrum.Power[k];
            double level = power > SilentPower * ShortFrame * ShortFrame ? Math.Log(power) : double.NaN;
            if (!double.IsNaN(level - before)) changes.Add(level - before);
            before = level;
        }
        return Deviation(changes);
    }

    private static int Count(ReadOnlySpan<float> signal)
    {
        int beyond = 0;
        foreach (float sample in signal)
            if (Math.Abs(sample) > 1) beyond++;
        return beyond;
    }

    private double Power(double[] power, double from, double to)
    {
        double sum = 0;
        for (int k = Bin(from, FrameSize); k < Bin(to, FrameSize); k++) sum += power[k];
        return sum;
    }

    private int Bin(double hz, int size) => Math.Min(size / 2, (int)Math.Round(hz * size / _recipe.SampleRate));

    private static double Deviation(List<double> values)
    {
        if (values.Count < 2) return double.NaN;
        double mean = values.Average();
        return Math.Sqrt(values.Average(v => (v - mean) * (v - mean)));
    }

    // The power spectrum of one frame, zeros beyond the ends of the signal.
    private sealed class Spectrum(Stft stft)
    {
        private readonly double[] _samples = new double[stft.FftSize], _re = new double[stft.Bins], _im = new double[stft.Bins];

        public double[] Power { get; } = new double[stft.Bins];

        public void Load(ReadOnlySpan<float> signal, int start)
        {
            for (int n = 0; n < _samples.Length; n++) _samples[n] = start + n >= 0 && start + n < signal.Length ? signal[start + n] : 0;
            stft.Frame(_samples, _re, _im);
            for (int k = 0; k < Power.Length; k++) Power[k] = _re[k] * _re[k] + _im[k] * _im[k];
        }
    }
}
