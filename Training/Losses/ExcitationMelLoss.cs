using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// Mean |difference| of the log-mels of generated and recorded speech, computed on their excitations, see <see cref="ExcitationSpectrum"/>. The L1 distance of mels is the reconstruction loss of HiFi-GAN (Kong et al. 2020, eq. 7).
/// </summary>
internal sealed class ExcitationMelLoss
{
    private const float SmoothAbs = 1e-4f;
    private readonly Tensor _bank;
    private readonly MelRecipe _recipe;
    private readonly double[] _frequencies;

    public ExcitationMelLoss(MelRecipe recipe)
    {
        _recipe = recipe;
        Spectrum = new ExcitationSpectrum(recipe);
        var bank = new MelFilterBank(recipe);
        _bank = new Tensor(recipe.Bands, bank.Bins, 1);
        _frequencies = new double[recipe.Bands];
        for (int b = 0; b < recipe.Bands; b++)
        {
            ReadOnlySpan<double> weights = bank.Weights(b);
            for (int i = 0; i < weights.Length; i++) _bank.Span[b * bank.Bins + bank.FirstBin(b) + i] = (float)weights[i];
            _frequencies[b] = (bank.FirstBin(b) + weights.Length / 2) * (double)recipe.SampleRate / recipe.FftSize;
        }
    }

    /// <summary>The spectra that the mels are made of.</summary>
    public ExcitationSpectrum Spectrum { get; }

    /// <summary>Bands of the mels that are compared.</summary>
    public int Bands => _recipe.Bands;

    /// <summary>Hz in the middle of a band.</summary>
    public double Frequency(int band) => _frequencies[band];

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

    private Tensor LogMel(Ops ops, Tensor excitation, Tensor envelopes) =>
        ops.Log(ops.Conv1d(Spectrum.Magnitude(ops, excitation, envelopes), _bank, null), (float)_recipe.Floor);
}
