using System.Runtime.Intrinsics;

namespace FlowVocoder.Features;

/// <summary>
/// The spectral envelope behind a log-mel frame: a linear map from the bands' logarithms to the logarithm of a power spectrum.
/// A band's mean magnitude (its value divided by the sum of its filter, so that a flat spectrum stays flat) stands at the centre
/// of gravity of its filter, where the mean of a sloping magnitude is attained; between centres the logarithm is interpolated
/// linearly over frequency, below the first it is constant. Above the last it goes to the mean of the top tenth of the bands:
/// the last one alone says too little about what lies above (speech of six speakers above 8 kHz: 8 dB over it in power, 0 dB over the mean;
/// 0.19 nats per sample of likelihood). Every second bin of the recipe's spectrum is computed:
/// they lie as close (43 Hz) as the narrowest bands, and a predictor of some ten resonances sees no more.
/// </summary>
internal sealed class MelEnvelope
{
    private const int BinStep = 2;

    // Point k is logPower[k] = (1 − t)·mel'[b] + t·mel'[b + 1] with b = _band[k], t = _fraction[k] and mel' = _scale·mel + _offset[b].
    private readonly int[] _band;
    private readonly float[] _fraction;
    private readonly int[] _bandOfCentre;
    private readonly float[] _offset;
    private readonly float _scale;
    private Vector128<float>[] _scaled;
    private readonly int _top;

    /// <summary>
    /// Builds the map. The power is scaled to that of a process per sample: white noise of variance σ² has E|X_k|² = σ²·Σ_n w_n²
    /// under the window w, and its Rayleigh-distributed magnitude has the mean √(π/4)·√(E|X_k|²). So with m the mean magnitude of
    /// a band, σ² = (4/π)·m² / Σ w²; from a power spectrum (recipes with SpectrumPower 2) it is m / Σ w² outright.
    /// </summary>
    public MelEnvelope(MelRecipe recipe)
    {
        var bank = new MelFilterBank(recipe);
        Bands = recipe.Bands;
        Points = PointsOf(recipe);
        double windowEnergy = 0;
        foreach (double w in Windows.Of(recipe))
            windowEnergy += w * w;
        bool isPower = recipe.SpectrumPower == 2;
        double powerOfMean = isPower ? 1 : 2;
        double toPower = Math.Log((isPower ? 1 : 4 / Math.PI) / windowEnergy);

        // From the recipe's logarithm (see MelRecipe.FromAmplitude) to the natural one of the power.
        double naturalPerUnit = recipe.Logarithm switch
        {
            MelLogarithm.Natural => 1,
            MelLogarithm.Log10 => Math.Log(10),
            _ => Math.Log(10) / 20,
        };
        double scale = powerOfMean * naturalPerUnit / recipe.OutputScale;
        _scale = (float)scale;
        var centres = new List<double>();
        var bandOfCentre = new List<int>();
        _offset = new float[Bands];
        for (int b = 0; b < Bands; b++)
        {
            (double sum, double centre) = Filter(bank, b);
            // A filter narrower than a bin may be empty: its neighbours speak for it.
            if (sum <= 0)
                continue;
            _offset[b] = (float)(toPower - (powerOfMean * Math.Log(sum)) - (scale * recipe.OutputOffset));
            bandOfCentre.Add(b);
            centres.Add(centre);
        }
        if (centres.Count == 0)
            throw new VocoderException($"mel recipe {recipe.Name}: all {Bands} filters are empty, expected at least one with a frequency bin");
        _bandOfCentre = [.. bandOfCentre];
        // One more, as far above the last as the mean of the top bands lies below it (and a bin, where it is itself the mean).
        _top = Math.Max(1, centres.Count / 10);
        centres.Add(1 + (2 * centres[^1]) - centres.TakeLast(_top).Average());
        _scaled = new Vector128<float>[centres.Count];
        _band = new int[Points];
        _fraction = new float[Points];
        for (int k = 0, i = 0; k < Points; k++)
        {
            int bin = k * BinStep;
            while (i + 2 < centres.Count && bin >= centres[i + 1])
                i++;
            _band[k] = i;
            _fraction[k] = (float)Math.Clamp((bin - centres[i]) / (centres[i + 1] - centres[i]), 0, 1);
        }
    }

    /// <summary>Points of the spectrum of a recipe.</summary>
    public static int PointsOf(MelRecipe recipe) => (recipe.FftSize / BinStep / 2) + 1;

    /// <summary>The same map for another thread.</summary>
    public MelEnvelope Copy()
    {
        var copy = (MelEnvelope)MemberwiseClone();
        copy._scaled = new Vector128<float>[_scaled.Length];
        return copy;
    }

    /// <summary>Bands of a log-mel frame.</summary>
    public int Bands { get; }

    /// <summary>Points of the spectrum, evenly spaced from 0 Hz to half the sample rate, both included.</summary>
    public int Points { get; }

    /// <summary>Writes the natural logarithm of the power spectrum of four frames, one in each lane.</summary>
    /// <param name="logMel">[Bands] frames in the recipe's logarithm.</param>
    /// <param name="logPower">[Points] receives ln of the power of a process per sample: 0 everywhere is white noise of variance 1.</param>
    public void LogPower(ReadOnlySpan<Vector128<float>> logMel, Span<Vector128<float>> logPower)
    {
        Vector128<float>[] scaled = _scaled;
        for (int i = 0; i < _bandOfCentre.Length; i++)
            scaled[i] = (_scale * logMel[_bandOfCentre[i]]) + Vector128.Create(_offset[_bandOfCentre[i]]);
        Vector128<float> top = default;
        foreach (Vector128<float> band in scaled.AsSpan(_bandOfCentre.Length - _top, _top))
            top += band;
        scaled[^1] = top / Vector128.Create((float)_top);
        for (int k = 0; k < logPower.Length; k++)
        {
            Vector128<float> low = scaled[_band[k]];
            logPower[k] = low + (_fraction[k] * (scaled[_band[k] + 1] - low));
        }
    }

    /// <summary>Sum and centre of gravity (in bins) of the weights of a band.</summary>
    private static (double Sum, double Centre) Filter(MelFilterBank bank, int band)
    {
        double sum = 0, moment = 0;
        ReadOnlySpan<double> weights = bank.Weights(band);
        for (int i = 0; i < weights.Length; i++)
        {
            sum += weights[i];
            moment += weights[i] * (bank.FirstBin(band) + i);
        }
        return (sum, moment / sum);
    }
}
