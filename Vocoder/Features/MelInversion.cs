namespace FlowVocoder.Features;

/// <summary>
/// The non-negative magnitude spectrum whose mel comes nearest to a given one, by the multiplicative updates of D. Lee and S. Seung,
/// "Algorithms for non-negative matrix factorization", 2001, theorem 2 (generalised Kullback-Leibler divergence, which weighs soft bands
/// as relative as loud ones): m_k ← m_k · Σ_b B_bk·(v_b / (Bm)_b) / Σ_b B_bk. Bins outside every filter are 0.
/// </summary>
public sealed class MelInversion
{
    // Most bands have several bins to themselves: their residual is below 1 % after a few updates, the narrow low ones take longest.
    private const int Updates = 40;

    private readonly MelRecipe _recipe;
    private readonly MelFilterBank _bank;
    private readonly double[] _binWeight;
    private readonly double[] _bandWeight;

    /// <summary>Prepares the filter bank of a recipe.</summary>
    /// <exception cref="VocoderException">The recipe is not valid.</exception>
    public MelInversion(MelRecipe recipe)
    {
        _recipe = recipe;
        _bank = new MelFilterBank(recipe);
        _binWeight = new double[_bank.Bins];
        _bandWeight = new double[_bank.Bands];
        Spread(static (_, weight) => weight, _binWeight);
        for (int b = 0; b < _bank.Bands; b++)
            foreach (double weight in _bank.Weights(b)) _bandWeight[b] += weight;
    }

    /// <summary>Bins of a spectrum, FFT/2 + 1.</summary>
    public int Bins => _bank.Bins;

    /// <summary>The magnitudes of one frame.</summary>
    /// <param name="mel">[Bands] values of the recipe, logarithmic.</param>
    /// <param name="magnitude">[Bins] receives the magnitudes, linear, also where the recipe's mels are of power.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Invert(ReadOnlySpan<float> mel, Span<double> magnitude)
    {
        if (mel.Length != _bank.Bands || magnitude.Length != Bins)
            throw new ArgumentException($"{mel.Length} bands and {magnitude.Length} bins, expected {_bank.Bands} and {Bins}");
        double[] wanted = new double[_bank.Bands], found = new double[_bank.Bands], change = new double[Bins];
        for (int b = 0; b < wanted.Length; b++) wanted[b] = _recipe.ToAmplitude(mel[b]);
        // Starts from the mean amplitude of each band, interpolated.
        Spread((b, weight) => _bandWeight[b] > 0 ? weight * wanted[b] / _bandWeight[b] : 0, change);
        for (int k = 0; k < Bins; k++) magnitude[k] = _binWeight[k] > 0 ? change[k] / _binWeight[k] : 0;
        for (int update = 0; update < Updates; update++)
        {
            _bank.Apply(magnitude, found);
            Spread((b, weight) => found[b] > 0 ? weight * wanted[b] / found[b] : 0, change);
            for (int k = 0; k < Bins; k++)
                if (_binWeight[k] > 0) magnitude[k] *= change[k] / _binWeight[k];
        }
        if (_recipe.SpectrumPower == 2)
            for (int k = 0; k < Bins; k++) magnitude[k] = Math.Sqrt(magnitude[k]);
    }

    /// <summary>Adds up over the bands, for each bin, a function of the band and its weight there.</summary>
    private void Spread(Func<int, double, double> part, double[] bins)
    {
        Array.Clear(bins);
        for (int b = 0; b < _bank.Bands; b++)
        {
            var weights = _bank.Weights(b);
            for (int i = 0; i < weights.Length; i++) bins[_bank.FirstBin(b) + i] += part(b, weights[i]);
        }
    }
}
