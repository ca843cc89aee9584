using FlowVocoder.Compute;
using NWaves.Filters.Fda;

namespace FlowVocoder.Features;

/// <summary>
/// Triangular filters, equally spaced in mel, from the bins of a spectrum to mel bands:
/// those of librosa.filters.mel (Slaney) and torchaudio.functional.melscale_fbanks (HTK), made by NWaves' <see cref="FilterBanks"/>.
/// Only the bins inside a triangle are stored. The weights are those of float32: 3e-9 from the exact ones when normalised, 3e-8 when not.
/// </summary>
public sealed class MelFilterBank
{
    private readonly int[] _firstBin;
    private readonly double[][] _weights;

    /// <summary>Builds the bank of a recipe.</summary>
    /// <exception cref="VocoderException">The recipe is not valid.</exception>
    public MelFilterBank(MelRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        recipe.Validate();
        Bands = recipe.Bands;
        Bins = (recipe.FftSize / 2) + 1;
        _firstBin = new int[Bands];
        _weights = new double[Bands][];
        // The edges of triangles that are equally spaced in mel do not depend on the unit of a mel: HTK's 2595·log10 and NWaves' 1127·ln are one scale.
        (double, double, double)[] edges = recipe.MelScale == MelScale.Htk
            ? FilterBanks.MelBands(Bands, recipe.SampleRate, recipe.MinFrequency, recipe.MaxFrequency)
            : FilterBanks.MelBandsSlaney(Bands, recipe.SampleRate, recipe.MinFrequency, recipe.MaxFrequency);
        float[][] triangles = FilterBanks.Triangular(recipe.FftSize, recipe.SampleRate, edges);
        if (recipe.MelNorm == MelNorm.Slaney) FilterBanks.Normalize(Bands, edges, triangles);
        for (int band = 0; band < Bands; band++)
        {
            int first = Math.Max(0, Array.FindIndex(triangles[band], weight => weight > 0));
            int end = Array.FindLastIndex(triangles[band], weight => weight > 0) + 1;
            _firstBin[band] = first;
            _weights[band] = [.. triangles[band][first..Math.Max(first, end)].Select(weight => (double)weight)];
        }
    }

    /// <summary>Mel bands.</summary>
    public int Bands { get; }

    /// <summary>Bins of the spectrum, FFT/2 + 1.</summary>
    public int Bins { get; }

    /// <summary>The first bin with a weight in a band.</summary>
    public int FirstBin(int band) => _firstBin[band];

    /// <summary>The weights of a band, from <see cref="FirstBin"/> on. Empty where a band is narrower than the bins are apart.</summary>
    public ReadOnlySpan<double> Weights(int band) => _weights[band];

    /// <summary>mel = bank · spectrum.</summary>
    /// <param name="spectrum">[Bins] amplitudes or powers.</param>
    /// <param name="mel">[Bands] receives the bands.</param>
    /// <exception cref="ArgumentException">A span has another length.</exception>
    public void Apply(ReadOnlySpan<double> spectrum, Span<double> mel)
    {
        if (spectrum.Length != Bins || mel.Length != Bands)
            throw new ArgumentException($"{spectrum.Length} bins and {mel.Length} bands, expected {Bins} and {Bands}");
        for (int band = 0; band < Bands; band++)
        {
            double[] weights = _weights[band];
            ReadOnlySpan<double> covered = spectrum.Slice(_firstBin[band], weights.Length);
            double sum = 0;
            for (int i = 0; i < weights.Length; i++) sum += weights[i] * covered[i];
            mel[band] = sum;
        }
    }

    /// <summary>The whole matrix, double[Bands][Bins], zeros included.</summary>
    public double[][] ToMatrix()
    {
        double[][] matrix = new double[Bands][];
        for (int band = 0; band < Bands; band++)
        {
            matrix[band] = new double[Bins];
            _weights[band].CopyTo(matrix[band], _firstBin[band]);
        }
        return matrix;
    }

    /// <summary>The same as the weight of a convolution over spectra, [Bands, Bins, 1].</summary>
    internal Tensor ToTensor() => Tensor.From([.. ToMatrix().SelectMany(row => row).Select(weight => (float)weight)], Bands, Bins, 1);
}
