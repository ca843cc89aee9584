using FlowVocoder.Features;
using NWaves.Transforms;

namespace FlowVocoder.Streaming;

/// <summary>One frame of a <see cref="Denoiser"/> and its buffers.</summary>
internal sealed class DenoisingFrame
{
    private const int Size = Denoiser.Size;

    // Squared Hann windows a quarter of their length apart sum to 3/2.
    private const double Overlap = 1.5;

    private static readonly double[] s_window = Windows.HannPeriodic(Size);
    private readonly RealFft64 _fft = new(Size);
    private readonly double[] _frame = new double[Size], _re = new double[(Size / 2) + 1], _im = new double[(Size / 2) + 1];

    /// <summary>Adds the magnitudes of a frame, times a weight.</summary>
    public void AddMagnitudes(ReadOnlySpan<float> samples, Span<double> magnitudes, double weight)
    {
        Transform(samples);
        for (int k = 0; k < _re.Length; k++) magnitudes[k] += weight * double.Hypot(_re[k], _im[k]);
    }

    /// <summary>Adds the denoised frame, windowed once more, to the sums of overlapping frames.</summary>
    public void Denoise(ReadOnlySpan<float> samples, ReadOnlySpan<double> bias, double strength, Span<double> sums)
    {
        Transform(samples);
        for (int k = 0; k < _re.Length; k++)
        {
            double magnitude = double.Hypot(_re[k], _im[k]), gain = magnitude > 0 ? Math.Max(0, 1 - (strength * bias[k] / magnitude)) : 0;
            _re[k] *= gain;
            _im[k] *= gain;
        }
        _fft.InverseNorm(_re, _im, _frame);
        for (int i = 0; i < Size; i++) sums[i] += _frame[i] * s_window[i] / Overlap;
    }

    private void Transform(ReadOnlySpan<float> samples)
    {
        for (int i = 0; i < Size; i++) _frame[i] = samples[i] * s_window[i];
        _fft.Direct(_frame.AsSpan(), _re, _im);
    }
}
