using FlowVocoder.Features;
using NWaves.Transforms;

namespace FlowVocoder.Plots;

/// <summary>One spectrogram of a <see cref="SpectrogramPicture"/>: of a recording (linear frequency) or a mel (bands).</summary>
public abstract class SpectrogramPanel
{
    private protected SpectrogramPanel(string title, double seconds, string unit, double axisMaximum)
    {
        ArgumentNullException.ThrowIfNull(title);
        (Title, Seconds, Unit, AxisMaximum) = (title, seconds, unit, axisMaximum);
    }

    /// <summary>The line above the picture.</summary>
    public string Title { get; }

    /// <summary>Length of the time axis.</summary>
    public double Seconds { get; }

    /// <summary>Curves over the same time, drawn under the panel; none by default.</summary>
    public TimeCurve? Below { get; set; }

    /// <summary>Unit of the vertical axis; panels of one unit share their colour range.</summary>
    internal string Unit { get; }

    /// <summary>Upper end of the vertical axis, which begins at 0.</summary>
    internal double AxisMaximum { get; }

    /// <summary>Fills <paramref name="decibels"/> [rows, bottom first] with the levels of the time from <paramref name="start"/>
    /// (seconds) on, averaged over <paramref name="length"/> seconds. Called for one column after the other.</summary>
    internal abstract void Column(double start, double length, Span<float> decibels);

    /// <summary>A recording as short-time spectrum: Hann window of 46 ms, which resolves the harmonics of a voice;
    /// 0 dB is a full-scale sine.</summary>
    /// <param name="title">The line above the picture.</param>
    /// <param name="samples">Mono, -1 to 1; not copied.</param>
    /// <param name="sampleRate">In Hz.</param>
    /// <exception cref="VocoderException">No samples.</exception>
    public static SpectrogramPanel OfAudio(string title, ReadOnlyMemory<float> samples, int sampleRate) =>
        samples.IsEmpty ? throw new VocoderException($"{title}: found no samples to plot, expected at least one")
        : new AudioPanel(title, samples, sampleRate);

    /// <summary>A mel spectrogram, one row a band.</summary>
    /// <param name="title">The line above the picture.</param>
    /// <param name="mel">[bands, frames], logarithmic; not copied.</param>
    /// <param name="bands">Number of bands.</param>
    /// <param name="secondsPerFrame">Hop over sample rate.</param>
    /// <param name="decibelsPerUnit">What one unit of the mel is in dB: 8.686 (the default value) for natural logarithms of
    /// magnitudes, 20 for decimal ones.</param>
    /// <exception cref="VocoderException">The length is not a positive multiple of <paramref name="bands"/>.</exception>
    public static SpectrogramPanel OfMel(
        string title, ReadOnlyMemory<float> mel, int bands, double secondsPerFrame, double decibelsPerUnit = 8.685889638065037) =>
        bands < 1 || mel.IsEmpty || mel.Length % bands != 0
            ? throw new VocoderException($"{title}: found {mel.Length} mel values, expected a positive multiple of {bands} bands")
            : new MelPanel(title, mel, bands, secondsPerFrame, decibelsPerUnit);
}

internal sealed class AudioPanel : SpectrogramPanel
{
    private const double WindowSeconds = 1024 / 22050.0;
    private readonly ReadOnlyMemory<float> _samples;
    private readonly int _sampleRate;
    private readonly RealFft64 _fft;
    private readonly double[] _window, _frame, _re, _im, _power;
    private readonly double _fullScale;

    internal AudioPanel(string title, ReadOnlyMemory<float> samples, int sampleRate)
        : base(title, samples.Length / (double)sampleRate, "kHz", sampleRate / 2000.0)
    {
        (_samples, _sampleRate) = (samples, sampleRate);
        int length = Math.Max(16, (int)Math.Round(WindowSeconds * sampleRate));
        _window = Windows.HannPeriodic(length);
        _fullScale = _window.Sum() / 2;
        _fft = new RealFft64((int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)length));
        _frame = new double[_fft.Size];
        int bins = (_fft.Size / 2) + 1;
        (_re, _im, _power) = (new double[bins], new double[bins], new double[bins]);
    }

    internal override void Column(double start, double length, Span<float> decibels)
    {
        // One frame for a narrow column; several, a quarter of a window apart, for a wide one.
        int frames = Math.Max(1, (int)Math.Ceiling(length * 4 / WindowSeconds));
        Array.Clear(_power);
        for (int i = 0; i < frames; i++) AddFrame((start + (i + 0.5) / frames * length) * _sampleRate);
        for (int row = 0; row < decibels.Length; row++)
        {
            double binsPerRow = (_power.Length - 1.0) / decibels.Length, bin = (row + 0.5) * binsPerRow;
            int low = Math.Min((int)bin, _power.Length - 2);
            double value = _power[low] + (_power[low + 1] - _power[low]) * (bin - low);
            // Where a row spans several bins, a thin harmonic must not fall between two rows.
            for (int k = (int)Math.Ceiling(row * binsPerRow); k < (row + 1) * binsPerRow; k++) value = Math.Max(value, _power[k]);
            decibels[row] = (float)(10 * Math.Log10(value / frames / (_fullScale * _fullScale) + 1e-20));
        }
    }

    private void AddFrame(double centre)
    {
        int first = (int)Math.Floor(centre) - _window.Length / 2;
        var input = _samples.Span;
        for (int n = 0; n < _window.Length; n++)
        {
            int at = first + n;
            _frame[n] = (uint)at < (uint)input.Length ? input[at] * _window[n] : 0;
        }
        _fft.Direct(_frame, _re, _im);
        for (int k = 0; k < _power.Length; k++) _power[k] += _re[k] * _re[k] + _im[k] * _im[k];
    }
}

internal sealed class MelPanel(string title, ReadOnlyMemory<float> mel, int bands, double secondsPerFrame, double decibelsPerUnit)
    : SpectrogramPanel(title, mel.Length / bands * secondsPerFrame, "band", bands)
{
    private readonly int _frames = mel.Length / bands;

    internal override void Column(double start, double length, Span<float> decibels)
    {
        int first = Math.Clamp((int)(start / secondsPerFrame), 0, _frames - 1);
        int last = Math.Clamp((int)Math.Ceiling((start + length) / secondsPerFrame) - 1, first, _frames - 1);
        var values = mel.Span;
        for (int row = 0; row < decibels.Length; row++)
        {
            int band = row * bands / decibels.Length;
            double sum = 0;
            for (int t = first; t <= last; t++) sum += values[band * _frames + t];
            decibels[row] = (float)(sum / (last - first + 1) * decibelsPerUnit);
        }
    }
}
