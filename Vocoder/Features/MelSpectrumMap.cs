using System.Numerics;

namespace FlowVocoder.Features;

/// <summary>
/// From mels of one filter bank to amplitudes behind another, through the linear spectrum of each frame. Between windows and rates, magnitudes scale as those
/// of noise do, with √(rate · Σ w²): that is what most bands hold. Not thread-safe.
/// </summary>
internal sealed class MelSpectrumMap
{
    private const int Updates = 10;

    private readonly MelInversion _inversion;
    private readonly MelFilterBank _bank;
    private readonly double[] _magnitude, _spectrum, _gain;
    private readonly double _ratio;
    private readonly int _power;

    public MelSpectrumMap(MelRecipe source, MelRecipe target)
    {
        _inversion = new MelInversion(source, Updates, extrapolate: true);
        _bank = new MelFilterBank(target);
        (_magnitude, _spectrum) = (new double[_inversion.Bins], new double[_bank.Bins]);
        _ratio = (double)target.SampleRate / target.FftSize * source.FftSize / source.SampleRate;
        _power = target.SpectrumPower;
        double level = Math.Sqrt(Energy(target) / Energy(source));
        _gain = [.. Enumerable.Range(0, _inversion.Bins).Select(k => level / HighPassGain(source, (double)k / source.FftSize))];
    }

    /// <summary>One frame.</summary>
    /// <param name="mel">[source bands] values.</param>
    /// <param name="amplitude">[target bands] receives amplitudes, or powers where the target's mels are of power.</param>
    public void Apply(ReadOnlySpan<float> mel, Span<double> amplitude)
    {
        _inversion.Invert(mel, _magnitude);
        for (int k = 0; k < _magnitude.Length; k++) _magnitude[k] *= _gain[k];
        for (int k = 0; k < _spectrum.Length; k++)
        {
            double at = k * _ratio;
            int left = Math.Min((int)at, _magnitude.Length - 2);
            double t = Math.Min(1, at - left);
            // Between bins by the logarithm, as an envelope goes.
            double value = t == 0 ? _magnitude[left] : Math.Exp(((1 - t) * Logarithm(_magnitude[left])) + (t * Logarithm(_magnitude[left + 1])));
            _spectrum[k] = _power == 2 ? value * value : value;
        }
        _bank.Apply(_spectrum, amplitude);
    }

    private static double Logarithm(double magnitude) => Math.Log(Math.Max(magnitude, 1e-12));

    private static double Energy(MelRecipe recipe) => recipe.SampleRate * Windows.Of(recipe).Sum(w => w * w);

    private static double HighPassGain(MelRecipe recipe, double cycles)
    {
        if (recipe.HighPass == 0) return 1;
        Complex sum = 0;
        double[] taps = MelPreparation.HighPass(recipe.HighPass, recipe.SampleRate);
        for (int i = 0; i < taps.Length; i++) sum += taps[i] * Complex.FromPolarCoordinates(1, -2 * Math.PI * cycles * i);
        return sum.Magnitude;
    }
}
