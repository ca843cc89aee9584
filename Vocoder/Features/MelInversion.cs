using System.Buffers;

namespace FlowVocoder.Features;

/// <summary>
/// The non-negative magnitude spectrum whose mel comes nearest to a given one, by the multiplicative updates of D. Lee and S. Seung,
/// "Algorithms for non-negative matrix factorization", 2001, theorem 2 (generalised Kullback-Leibler divergence, which weighs soft bands
/// as relative as loud ones): m_k ← m_k · Σ_b B_bk·(v_b / (Bm)_b) / Σ_b B_bk. They start from the mean magnitudes of the bands, whose logarithm is
/// interpolated over frequency. Instances may be shared by threads.
/// </summary>
public sealed class MelInversion
{
    // Most bands have several bins to themselves: their residual is below 1 % after a few updates, the narrow low ones take longest.
    private const int ManyUpdates = 40;

    // What speech has less at 0 Hz than in the lowest band, and how many of the highest bands tell what lies above them.
    private const double NepersBelow = 2, TopShare = 0.1;

    private readonly MelRecipe _recipe;
    private readonly MelFilterBank _bank;
    private readonly double[] _binWeight, _bandWeight, _fraction;
    private readonly int[] _left;
    private readonly bool _extrapolate;
    private readonly int _updates;

    /// <summary>Prepares the filter bank of a recipe.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="updates">Updates: 40 leave next to nothing, 10 a few thousandths of a neper.</param>
    /// <param name="extrapolate">Whether bins outside every filter continue the bands beside them; else they are 0.</param>
    /// <exception cref="VocoderException">The recipe is not valid.</exception>
    public MelInversion(MelRecipe recipe, int updates = ManyUpdates, bool extrapolate = false)
    {
        (_recipe, _updates, _extrapolate) = (recipe, updates, extrapolate);
        _bank = new MelFilterBank(recipe);
        (_binWeight, _bandWeight) = (new double[_bank.Bins], new double[_bank.Bands]);
        double[] centres = new double[_bank.Bands + 2];
        for (int b = 0; b < _bank.Bands; b++)
        {
            ReadOnlySpan<double> weights = _bank.Weights(b);
            for (int i = 0; i < weights.Length; i++)
            {
                _bandWeight[b] += weights[i];
                _binWeight[_bank.FirstBin(b) + i] += weights[i];
                centres[b + 1] += weights[i] * (_bank.FirstBin(b) + i);
            }
            // A band that is narrower than the bins are apart may have none.
            centres[b + 1] = _bandWeight[b] > 0 ? centres[b + 1] / _bandWeight[b] : centres[b];
        }
        centres[^1] = Math.Max(centres[^2], recipe.MaxFrequency * recipe.FftSize / recipe.SampleRate);
        (_left, _fraction) = (new int[_bank.Bins], new double[_bank.Bins]);
        for (int k = 0, left = 0; k < _bank.Bins; k++)
        {
            while (left < _bank.Bands && centres[left + 1] <= k) left++;
            double step = centres[left + 1] - centres[left];
            (_left[k], _fraction[k]) = (left, step > 0 ? Math.Min(1, (k - centres[left]) / step) : 1);
        }
    }

    /// <summary>Bins of a spectrum, FFT/2 + 1.</summary>
    public int Bins => _bank.Bins;

    /// <summary>The magnitudes of one frame. Allocates nothing in steady state.</summary>
    /// <param name="mel">[Bands] values of the recipe, logarithmic.</param>
    /// <param name="magnitude">[Bins] receives the magnitudes, linear, also where the recipe's mels are of power.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Invert(ReadOnlySpan<float> mel, Span<double> magnitude)
    {
        int bands = _bank.Bands;
        if (mel.Length != bands || magnitude.Length != Bins)
            throw new ArgumentException($"{mel.Length} bands and {magnitude.Length} bins, expected {bands} and {Bins}");
        double[] rented = ArrayPool<double>.Shared.Rent((2 * bands) + Bins + bands + 2);
        Span<double> wanted = rented.AsSpan(0, bands), found = rented.AsSpan(bands, bands), change = rented.AsSpan(2 * bands, Bins);
        for (int b = 0; b < bands; b++) wanted[b] = _recipe.ToAmplitude(mel[b]);
        Start(wanted, rented.AsSpan((2 * bands) + Bins, bands + 2), magnitude);
        for (int update = 0; update < _updates; update++) Update(wanted, found, change, magnitude);
        ArrayPool<double>.Shared.Return(rented);
        if (_recipe.SpectrumPower == 2)
            for (int k = 0; k < Bins; k++) magnitude[k] = Math.Sqrt(magnitude[k]);
    }

    // The mean of each band at its centre of gravity; lower by two nepers at 0 Hz; the mean of the top tenth at the upper end and beyond.
    private void Start(ReadOnlySpan<double> wanted, Span<double> points, Span<double> magnitude)
    {
        int bands = wanted.Length, top = Math.Max(1, (int)Math.Round(TopShare * bands));
        points[^1] = 0;
        for (int b = 0; b < bands; b++)
        {
            points[b + 1] = _bandWeight[b] > 0 ? Math.Log(Math.Max(wanted[b] / _bandWeight[b], 1e-12)) : points[b];
            if (b >= bands - top) points[^1] += points[b + 1] / top;
        }
        points[0] = points[1] - (NepersBelow * _recipe.SpectrumPower);
        for (int k = 0; k < magnitude.Length; k++)
        {
            int left = _left[k];
            magnitude[k] = !_extrapolate && _binWeight[k] <= 0 ? 0 : Math.Exp(((1 - _fraction[k]) * points[left]) + (_fraction[k] * points[left + 1]));
        }
    }

    private void Update(ReadOnlySpan<double> wanted, Span<double> found, Span<double> change, Span<double> magnitude)
    {
        _bank.Apply(magnitude, found);
        change.Clear();
        for (int b = 0; b < wanted.Length; b++)
        {
            if (found[b] <= 0) continue;
            ReadOnlySpan<double> weights = _bank.Weights(b);
            Span<double> covered = change.Slice(_bank.FirstBin(b), weights.Length);
            double ratio = wanted[b] / found[b];
            for (int i = 0; i < weights.Length; i++) covered[i] += weights[i] * ratio;
        }
        for (int k = 0; k < magnitude.Length; k++)
            if (_binWeight[k] > 0) magnitude[k] *= change[k] / _binWeight[k];
    }
}
