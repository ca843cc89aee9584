using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Matching;

/// <summary>
/// Makes speech obey the mel that it was spoken from: each bin of its spectrum is multiplied by exp(step·(given - own log-mel)), interpolated between the
/// centres of the bands, and the frames are added up again. Overlapping frames disagree, so a pass leaves some of the difference; several passes
/// leave less of it. The mel states the levels of bands and frames, of single harmonics where its bands are narrow, and a voice that draws them
/// from a distribution misses them by some dB; phases and all that lies within a band stay the voice's.
/// </summary>
/// <remarks>
/// A projection in the manner of Griffin and Lim (1984), onto the mel in place of the magnitudes, in the recipe's own framing. It has no random part and
/// is differentiable; what it gives is no sample of the flow any more.
/// </remarks>
internal sealed class MelMatching
{
    /// <summary>
    /// How far a bin goes of the way to what is given. Measured with 4 passes, log-mel L1 at 1, 1.25, 1.5, 1.75 and 2: 0.142, 0.130, 0.123, 0.132, 0.23.
    /// </summary>
    private const float Step = 1.5f;

    /// <summary>Largest difference in nats that is followed in one pass: 26 dB.</summary>
    private const float LargestDifference = 3f;

    /// <summary>Hz above the highest band over which the interpolation goes to nothing: the mel says nothing of what lies there.</summary>
    private const double FadeHz = 500;
    private readonly Tensor _analysis, _synthesis, _bank, _spread;
    private readonly MelRecipe _recipe;

    /// <summary>Hz over which differences are averaged where only the envelope is to be had, the standard deviation of a Gaussian.</summary>
    private const double EnvelopeHz = 200;

    /// <summary>Prepares the tables of a recipe; the instance may be shared by threads.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="isEnvelope">
    /// Whether only the spectral envelope is matched: for speech whose pitch is not that of the mel, in whose low bands the old harmonics stand.
    /// </param>
    /// <exception cref="VocoderException">The recipe cannot be matched, see <see cref="Refusal"/>.</exception>
    public MelMatching(MelRecipe recipe, bool isEnvelope = false)
    {
        if (Refusal(recipe) is { } reason) throw new VocoderException(reason);
        _recipe = recipe;
        var bank = new MelFilterBank(recipe);
        (_analysis, _bank, _spread) = (Windows.Frame(recipe), bank.ToTensor(), Spread(recipe, bank));
        if (isEnvelope) _spread = Smoothed(_spread, recipe, bank);
        _synthesis = Dual(_analysis, recipe.HopSize);
        Framing = new MatchingFrames(recipe);
    }

    /// <summary>Where its frames lie.</summary>
    public MatchingFrames Framing { get; }

    /// <summary>Why speech of a recipe cannot be matched, one line; null where it can.</summary>
    public static string? Refusal(MelRecipe recipe) =>
        2 * recipe.HopSize > recipe.WindowSize ? $"speech of the mel recipe {recipe.Name} cannot be matched: its hop of {recipe.HopSize} leaves parts of "
            + $"windows of {recipe.WindowSize} samples alone, expected at most half a window"
        : null;

    /// <summary>What is given to <see cref="Pass"/> for a value of the mel: the natural logarithm of its amplitude.</summary>
    public float Target(float value) => (float)Math.Log(Math.Max(_recipe.Floor, _recipe.ToAmplitude(value)));

    /// <summary>One pass over consecutive frames.</summary>
    /// <param name="ops">Operations.</param>
    /// <param name="speech">[b, 1, (frames - 1)·hop + FFT] the samples of the frames.</param>
    /// <param name="targets">[b, bands, frames] their mels, see <see cref="Target"/>.</param>
    /// <param name="add">Of the same shape as <paramref name="speech"/>: what the frames before have left there; null for nothing.</param>
    /// <returns>The same shape. The first and the last FFT - hop samples lack the frames beyond.</returns>
    public Tensor Pass(Ops ops, Tensor speech, Tensor targets, Tensor? add = null)
    {
        Tensor spectra = ops.Stft(speech, _analysis, _recipe.HopSize), amplitude = ops.Magnitude(spectra, (float)Math.Max(_recipe.MagnitudeEpsilon, 1e-12));
        if (_recipe.SpectrumPower == 2) amplitude = ops.Multiply(amplitude, amplitude);
        Tensor own = ops.Log(ops.Clamp(ops.Conv1d(amplitude, _bank, null), (float)_recipe.Floor, float.MaxValue), 0f);
        Tensor difference = ops.Clamp(ops.Add(targets, ops.Scale(own, -1f)), -LargestDifference, LargestDifference);
        Tensor gains = ops.Exp(ops.Conv1d(difference, _spread, null));
        return ops.OverlapAdd(ops.Multiply(spectra, ops.Concat(gains, gains)), _synthesis, _recipe.HopSize, add);
    }

    // The least-squares synthesis window (Griffin and Lim 1984, eq. 6): w / Σ w² over the frames that a sample lies in.
    private static Tensor Dual(Tensor window, int hop)
    {
        var dual = new Tensor(1, 1, window.Size);
        for (int n = 0; n < window.Size; n++)
        {
            double sum = 0;
            for (int m = n % hop; m < window.Size; m += hop) sum += (double)window.Span[m] * window.Span[m];
            dual.Span[n] = sum > 0 ? (float)(window.Span[n] / sum) : 0;
        }
        return dual;
    }

    // [bins, bands, 1]: bins between the centres of two bands interpolate, those below the first take it as it is.
    private static Tensor Spread(MelRecipe recipe, MelFilterBank bank)
    {
        var spread = new Tensor(bank.Bins, bank.Bands, 1);
        double binHz = (double)recipe.SampleRate / recipe.FftSize, power = recipe.SpectrumPower;
        int[] bands = [.. Enumerable.Range(0, bank.Bands).Where(b => bank.Weights(b).Length > 0)];
        double[] centres = [.. bands.Select(b => binHz * Centre(bank, b))];
        for (int k = 0; k < bank.Bins; k++)
        {
            double hz = k * binHz;
            int next = Array.FindIndex(centres, centre => centre > hz);
            if (next > 0)
            {
                double t = (hz - centres[next - 1]) / (centres[next] - centres[next - 1]);
                spread.Row(k, bands[next - 1])[0] = (float)(Step * (1 - t) / power);
                spread.Row(k, bands[next])[0] = (float)(Step * t / power);
            }
            else spread.Row(k, bands[next == 0 ? 0 : ^1])[0] = (float)(Step * Math.Clamp(1 - (hz - recipe.MaxFrequency) / FadeHz, 0, 1) / power);
        }
        return spread;
    }

    // The same for differences that were averaged over neighbouring bands.
    private static Tensor Smoothed(Tensor spread, MelRecipe recipe, MelFilterBank bank)
    {
        double binHz = (double)recipe.SampleRate / recipe.FftSize;
        double[] centres = [.. Enumerable.Range(0, bank.Bands).Select(b => bank.Weights(b).Length > 0 ? binHz * Centre(bank, b) : double.PositiveInfinity)];
        var smoothed = new Tensor(spread.Batch, spread.Channels, 1);
        for (int b = 0; b < bank.Bands; b++)
        {
            if (double.IsInfinity(centres[b])) continue;
            double[] weights = [.. centres.Select(c => Math.Exp(-0.5 * Math.Pow((c - centres[b]) / EnvelopeHz, 2)))];
            double sum = weights.Sum();
            for (int k = 0; k < spread.Batch; k++)
                for (int c = 0; c < bank.Bands; c++) smoothed.Row(k, c)[0] += (float)(spread.Row(k, b)[0] * weights[c] / sum);
        }
        return smoothed;
    }

    // Of gravity of a filter, in bins.
    private static double Centre(MelFilterBank bank, int band)
    {
        double sum = 0, moment = 0;
        ReadOnlySpan<double> weights = bank.Weights(band);
        for (int i = 0; i < weights.Length; i++) (sum, moment) = (sum + weights[i], moment + weights[i] * (bank.FirstBin(band) + i));
        return moment / sum;
    }
}
