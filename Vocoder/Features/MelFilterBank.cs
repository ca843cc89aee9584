using FlowVocoder.Compute;

namespace FlowVocoder.Features;

/// <summary>
/// Triangular filters, equally spaced in mel, from the bins of a spectrum to mel bands:
/// those of librosa.filters.mel (Slaney) and torchaudio.functional.melscale_fbanks (HTK).
/// Only the bins inside a triangle are stored.
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
        double binHz = (double)recipe.SampleRate / recipe.FftSize;
        double lowest = ToMel(recipe.MinFrequency, recipe.MelScale), highest = ToMel(recipe.MaxFrequency, recipe.MelScale);
        double Edge(int i) => ToHertz(lowest + ((highest - lowest) * i / (Bands + 1)), recipe.MelScale);
        for (int band = 0; band < Bands; band++)
        {
            double lower = Edge(band), centre = Edge(band + 1), upper = Edge(band + 2);
            double peak = recipe.MelNorm == MelNorm.Slaney ? 2 / (upper - lower) : 1;
            int first = Math.Min(Bins, (int)Math.Floor(lower / binHz) + 1), end = Math.Clamp((int)Math.Ceiling(upper / binHz), first, Bins);
            _firstBin[band] = first;
            _weights[band] = new double[end - first];
            for (int bin = first; bin < end; bin++)
            {
                double hertz = bin * binHz;
                double height = Math.Min((hertz - lower) / (centre - lower), (upper - hertz) / (upper - centre));
                _weights[band][bin - first] = peak * Math.Max(0, height);
            }
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

    // Slaney's scale: 3 mel per 200 Hz up to 1000 Hz = 15 mel, then 27 mel for each factor of 6.4.
    private static readonly double s_melPerLog = 27 / Math.Log(6.4);

    /// <summary>Mels of a frequency.</summary>
    /// <param name="hertz">Frequency in Hz, ≥ 0.</param>
    /// <param name="scale">Which mels.</param>
    public static double ToMel(double hertz, MelScale scale) => scale switch
    {
        MelScale.Htk => 2595 * Math.Log10(1 + (hertz / 700)),
        _ when hertz < 1000 => 3 * hertz / 200,
        _ => 15 + (s_melPerLog * Math.Log(hertz / 1000)),
    };

    /// <summary>Frequency in Hz of a number of mels: undoes <see cref="ToMel"/>.</summary>
    /// <param name="mel">Mels, ≥ 0.</param>
    /// <param name="scale">Which mels.</param>
    public static double ToHertz(double mel, MelScale scale) => scale switch
    {
        MelScale.Htk => 700 * (Math.Pow(10, mel / 2595) - 1),
        _ when mel < 15 => 200 * mel / 3,
        _ => 1000 * Math.Exp((mel - 15) / s_melPerLog),
    };
}
