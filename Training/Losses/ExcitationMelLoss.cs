using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// Mean |difference| of the log-mels of generated and recorded speech, computed on their excitations: within a window speech is excitation
/// times the envelope of linear prediction, so the envelope is multiplied on the magnitudes and no gradient has to cross the recursion.
/// The L1 distance of mels is the reconstruction loss of HiFi-GAN (Kong et al. 2020, eq. 7).
/// </summary>
internal sealed class ExcitationMelLoss
{
    private const float PowerFloor = 1e-6f, SmoothAbs = 1e-4f;
    private readonly Tensor _transform, _bank;
    private readonly MelRecipe _recipe;
    private readonly RealFft _fft;
    private readonly double[] _signal, _re, _im;
    private readonly int _taps;

    public ExcitationMelLoss(MelRecipe recipe)
    {
        _recipe = recipe;
        _fft = new RealFft(recipe.FftSize);
        (_signal, _re, _im) = (new double[recipe.FftSize], new double[_fft.Bins], new double[_fft.Bins]);
        _taps = recipe.FftSize / recipe.HopSize;
        _transform = FourierWeight();
        var bank = new MelFilterBank(recipe);
        _bank = new Tensor(recipe.Bands, bank.Bins, 1);
        for (int b = 0; b < recipe.Bands; b++)
            for (int i = 0; i < bank.Weights(b).Length; i++) _bank.Span[b * bank.Bins + bank.FirstBin(b) + i] = (float)bank.Weights(b)[i];
    }

    /// <summary>Bins of an envelope.</summary>
    public int Bins => _fft.Bins;

    /// <summary>Bands of the mels that are compared.</summary>
    public int Bands => _recipe.Bands;

    /// <summary>Hops at the start of a signal whose windows are not full.</summary>
    public int Incomplete => _taps - 1;

    /// <summary>Full windows in a signal of whole hops.</summary>
    public int FullWindows(int samples) => samples / _recipe.HopSize - Incomplete;

    /// <summary>Sample in the middle of a window.</summary>
    public int Centre(int window) => window * _recipe.HopSize + _recipe.FftSize / 2;

    /// <summary>
    /// The recipe itself, whose distance is the aim, and two with shorter windows up to the Nyquist frequency: these see single pulses of the
    /// glottis and what lies above the recipe's highest band.
    /// </summary>
    public static IEnumerable<MelRecipe> Resolutions(MelRecipe recipe)
    {
        yield return recipe;
        for (int factor = 2; factor <= 4 && recipe.HopSize % factor == 0; factor *= 2)
            yield return recipe with
            {
                FftSize = recipe.FftSize / factor, WindowSize = recipe.WindowSize / factor, HopSize = recipe.HopSize / factor,
                Bands = recipe.Bands / factor, MinFrequency = 0, MaxFrequency = recipe.SampleRate / 2.0,
            };
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

    /// <summary>
    /// The loss of generated against recorded excitation, both [b, 1, hop·frames], with envelopes [b, bins, frames - incomplete] of the
    /// predictors in the middle of each full window.
    /// </summary>
    public Tensor Apply(Ops ops, Tensor generated, Tensor recorded, Tensor envelopes) =>
        Distance(ops, LogMel(ops, generated, envelopes), LogMel(ops, recorded, envelopes));

    /// <summary>
    /// Half the generalised energy distance |x - y| + |x' - y| - |x - x'| of two independent generations x, x' and the recording y (Gritsenko et al.
    /// 2020, sec. 3). Its last term makes it a proper score: the plain distance is least when nothing is left to chance, and a voice trained on it
    /// speaks its fricatives as a buzz at the rate of the mel frames.
    /// </summary>
    /// <param name="ops">Operations.</param>
    /// <param name="first">[b, 1, samples] generated excitation.</param>
    /// <param name="second">The same with other noise, or null for the plain distance.</param>
    /// <param name="recorded">[b, 1, samples] excitation of the recording.</param>
    /// <param name="envelopes">As in <see cref="Apply"/>.</param>
    /// <param name="repulsion">[b, bands, windows] factor of the last term: 1 for the energy distance.</param>
    /// <param name="plain">|x - y| alone, to be told.</param>
    public Tensor EnergyDistance(Ops ops, Tensor first, Tensor? second, Tensor recorded, Tensor envelopes, Tensor? repulsion, out double plain)
    {
        Tensor a = LogMel(ops, first, envelopes), y = LogMel(ops, recorded, envelopes), near = Distance(ops, a, y);
        plain = near.Item;
        if (second == null) return near;
        Tensor b = LogMel(ops, second, envelopes);
        return ops.Scale(ops.Add(ops.Add(near, Distance(ops, b, y)), ops.Scale(Distance(ops, a, b, repulsion), -1f)), 0.5f);
    }

    private static Tensor Distance(Ops ops, Tensor a, Tensor b, Tensor? weights = null)
    {
        Tensor difference = ops.Add(a, ops.Scale(b, -1f));
        Tensor distance = ops.Sqrt(ops.Multiply(difference, difference), SmoothAbs);
        if (weights != null) distance = ops.Multiply(distance, weights);
        return ops.Scale(ops.Sum(distance), 1f / distance.Size);
    }

    private Tensor LogMel(Ops ops, Tensor excitation, Tensor envelopes)
    {
        Tensor folded = ops.Fold(excitation, _recipe.HopSize);
        // A window of taps·hop samples is taps columns of the folded signal, so the transform is a convolution over them.
        Tensor spectrum = ops.Conv1d(folded, _transform, null, new ConvShape(Left: _taps - 1));
        spectrum = ops.Crop(spectrum, Incomplete, folded.Length - Incomplete);
        Tensor re = ops.Slice(spectrum, 0, Bins), im = ops.Slice(spectrum, Bins, Bins);
        Tensor magnitude = ops.Sqrt(ops.Add(ops.Multiply(re, re), ops.Multiply(im, im)), PowerFloor);
        return ops.Log(ops.Conv1d(ops.Multiply(magnitude, envelopes), _bank, null), (float)_recipe.Floor);
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
