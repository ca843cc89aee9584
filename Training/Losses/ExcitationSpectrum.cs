using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// Magnitude spectra of speech, computed on its excitation: within a window speech is excitation times the envelope of linear prediction, so the
/// envelope is multiplied on the magnitudes and no gradient has to cross the recursion. Window, transform length and hop are those of a recipe.
/// </summary>
internal sealed class ExcitationSpectrum
{
    private const float PowerFloor = 1e-6f;
    private readonly MelRecipe _recipe;
    private readonly Tensor _transform;
    private readonly RealFft _fft;
    private readonly double[] _signal, _re, _im;
    private readonly int _taps;

    public ExcitationSpectrum(MelRecipe recipe)
    {
        _recipe = recipe;
        _fft = new RealFft(recipe.FftSize);
        (_signal, _re, _im) = (new double[recipe.FftSize], new double[_fft.Bins], new double[_fft.Bins]);
        _taps = recipe.FftSize / recipe.HopSize;
        _transform = FourierWeight();
    }

    /// <summary>Bins of a spectrum.</summary>
    public int Bins => _fft.Bins;

    /// <summary>Hops at the start of a signal whose windows are not full.</summary>
    public int Incomplete => _taps - 1;

    /// <summary>Full windows in a signal of whole hops.</summary>
    public int FullWindows(int samples) => samples / _recipe.HopSize - Incomplete;

    /// <summary>Sample in the middle of a window.</summary>
    public int Centre(int window) => window * _recipe.HopSize + _recipe.FftSize / 2;

    /// <summary>Magnitudes of the synthesis filters in the middle of each full window, [b, bins, windows]; 1 without linear prediction.</summary>
    public Tensor Envelopes(Ops ops, ExcitationBatch batch)
    {
        Tensor envelopes = ops.Rent(batch.Crops.Count, Bins, FullWindows(batch.Excitation.Length));
        if (batch.Gains.All(gains => gains.Length == 0))
        {
            envelopes.Span.Fill(1f);
            return envelopes;
        }
        for (int b = 0; b < envelopes.Batch; b++)
        {
            int blocks = batch.Gains[b].Length, order = batch.Taps[b].Length / blocks, blockSize = batch.Excitation.Length / blocks;
            for (int window = 0; window < envelopes.Length; window++)
            {
                int block = Centre(window) / blockSize;
                Envelope(batch.Taps[b].AsSpan(block * order, order), batch.Gains[b][block], envelopes, b, window);
            }
        }
        return envelopes;
    }

    /// <summary>Magnitude of the synthesis filter, |g / A(e^iω)|, of one predictor.</summary>
    public void Envelope(ReadOnlySpan<float> a, float g, Tensor envelopes, int batch, int frame)
    {
        Array.Clear(_signal);
        _signal[0] = 1;
        for (int k = 0; k < a.Length; k++) _signal[k + 1] = -a[k];
        _fft.Forward(_signal, _re, _im);
        for (int i = 0; i < Bins; i++)
            envelopes.Row(batch, i)[frame] = (float)(g / Math.Sqrt(_re[i] * _re[i] + _im[i] * _im[i]));
    }

    /// <summary>Magnitudes of speech, [b, bins, windows], of its excitation [b, 1, hop·frames] and <see cref="Envelopes"/>.</summary>
    public Tensor Magnitude(Ops ops, Tensor excitation, Tensor envelopes)
    {
        Tensor folded = ops.Fold(excitation, _recipe.HopSize);
        // A window of taps·hop samples is taps columns of the folded signal, so the transform is a convolution over them.
        Tensor spectrum = ops.Conv1d(folded, _transform, null, new ConvShape(Left: _taps - 1));
        spectrum = ops.Crop(spectrum, Incomplete, folded.Length - Incomplete);
        Tensor re = ops.Slice(spectrum, 0, Bins), im = ops.Slice(spectrum, Bins, Bins);
        return ops.Multiply(ops.Sqrt(ops.Add(ops.Multiply(re, re), ops.Multiply(im, im)), PowerFloor), envelopes);
    }

    // Rows of windowed cosines, then sines; column p of tap k weighs sample k·hop + p.
    private Tensor FourierWeight()
    {
        int size = _recipe.FftSize, hop = _recipe.HopSize, pad = (size - _recipe.WindowSize) / 2;
        double[] window = Windows.HannPeriodic(_recipe.WindowSize);
        var weight = new Tensor(2 * Bins, hop, _taps);
        for (int bin = 0; bin < Bins; bin++)
            for (int n = pad; n < pad + window.Length; n++)
            {
                var (sin, cos) = Math.SinCos(2 * Math.PI * ((long)bin * n % size) / size);
                weight.Row(bin, n % hop)[n / hop] = (float)(cos * window[n - pad]);
                weight.Row(bin + Bins, n % hop)[n / hop] = (float)(sin * window[n - pad]);
            }
        return weight;
    }
}
