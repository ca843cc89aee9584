using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// Mean |difference| of the log-mels of generated and recorded speech, the reconstruction loss of HiFi-GAN (Kong et al. 2020, eq. 7), or, where the recipe
/// has as many bands as bins, of the bins themselves.
/// </summary>
internal sealed class LogMelLoss
{
    private const float SmoothAbs = 1e-4f;
    // Added to single bins: without it the zeros of a spectrum, which mean nothing, have nearly all of the gradient.
    private const float BinFloor = 1e-3f;
    private readonly Tensor? _bank;
    private readonly MelRecipe _recipe;
    private readonly double[] _frequencies;

    public LogMelLoss(MelRecipe recipe)
    {
        _recipe = recipe;
        Spectrum = new SpeechSpectrum(recipe);
        _frequencies = new double[recipe.Bands];
        if (recipe.Bands == Spectrum.Bins)
        {
            for (int b = 0; b < recipe.Bands; b++) _frequencies[b] = b * (double)recipe.SampleRate / recipe.FftSize;
            return;
        }
        var bank = new MelFilterBank(recipe);
        _bank = bank.ToTensor();
        for (int b = 0; b < recipe.Bands; b++) _frequencies[b] = (bank.FirstBin(b) + bank.Weights(b).Length / 2) * (double)recipe.SampleRate / recipe.FftSize;
    }

    /// <summary>The spectra that the mels are made of.</summary>
    public SpeechSpectrum Spectrum { get; }

    /// <summary>Bands of the mels that are compared.</summary>
    public int Bands => _recipe.Bands;

    /// <summary>Hz in the middle of a band.</summary>
    public double Frequency(int band) => _frequencies[band];

    /// <summary>
    /// The recipe itself, whose distance is the aim; two with shorter windows up to the Nyquist frequency, which see single pulses of the
    /// glottis and what lies above the recipe's highest band; and the bins of a window twice as long, which tell harmonics apart.
    /// </summary>
    public static IEnumerable<MelRecipe> Resolutions(MelRecipe recipe)
    {
        yield return recipe;
        foreach (int factor in ((int[])[2, 4]).Where(factor => recipe.HopSize % factor == 0))
            yield return recipe with
            {
                FftSize = recipe.FftSize / factor, WindowSize = recipe.WindowSize / factor, HopSize = recipe.HopSize / factor,
                Bands = recipe.Bands / factor, MinFrequency = 0, MaxFrequency = recipe.SampleRate / 2.0,
            };
        yield return recipe with { FftSize = 2 * recipe.FftSize, WindowSize = 2 * recipe.WindowSize, HopSize = 2 * recipe.HopSize, Bands = recipe.FftSize + 1 };
    }

    /// <summary>The loss of generated against recorded speech, both [b, 1, samples].</summary>
    public Tensor Apply(Ops ops, Tensor generated, Tensor recorded) => Distance(ops, Log(ops, generated), Log(ops, recorded));

    /// <summary>
    /// Half the generalised energy distance |x - y| + |x' - y| - |x - x'| of two independent generations x, x' and the recording y (Gritsenko et al.
    /// 2020, sec. 3). Its last term makes it a proper score: the plain distance is least when nothing is left to chance, and a voice trained on it
    /// speaks its fricatives as a buzz at the rate of the mel frames.
    /// </summary>
    /// <param name="ops">Operations.</param>
    /// <param name="first">[b, 1, samples] generated speech.</param>
    /// <param name="second">The same with other noise, or null for the plain distance.</param>
    /// <param name="recorded">[b, 1, samples] the recording.</param>
    /// <param name="repulsion">[b, bands, windows] factor of the last term: 1 for the energy distance, which null is.</param>
    /// <param name="plain">|x - y| alone, to be told.</param>
    public Tensor EnergyDistance(Ops ops, Tensor first, Tensor? second, Tensor recorded, Tensor? repulsion, out double plain)
    {
        Tensor a = Log(ops, first), y = Log(ops, recorded), near = Distance(ops, a, y);
        plain = ops.ReadItem(near);
        if (second == null) return near;
        Tensor b = Log(ops, second);
        return ops.Scale(ops.Add(ops.Add(near, Distance(ops, b, y)), ops.Scale(Distance(ops, a, b, repulsion), -1f)), 0.5f);
    }

    private static Tensor Distance(Ops ops, Tensor a, Tensor b, Tensor? weights = null)
    {
        Tensor difference = ops.Add(a, ops.Scale(b, -1f));
        Tensor distance = ops.Sqrt(ops.Multiply(difference, difference), SmoothAbs);
        if (weights != null) distance = ops.Multiply(distance, weights);
        return ops.Scale(ops.Sum(distance), 1f / distance.Size);
    }

    /// <summary>
    /// Natural logarithms [b, bands, windows] of the mels of speech [b, 1, samples]: of magnitudes or of powers, as the recipe's own are, and its floor belongs
    /// to these. Single bins are compared by magnitude.
    /// </summary>
    public Tensor Log(Ops ops, Tensor speech)
    {
        Tensor magnitude = Spectrum.Magnitude(ops, speech);
        if (_bank == null) return ops.Log(magnitude, BinFloor);
        Tensor spectrum = _recipe.SpectrumPower == 2 ? ops.Multiply(magnitude, magnitude) : magnitude;
        return ops.Log(ops.Conv1d(spectrum, _bank, null), (float)_recipe.Floor);
    }
}
