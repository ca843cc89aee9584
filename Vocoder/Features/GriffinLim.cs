namespace FlowVocoder.Features;

/// <summary>
/// A vocoder without a network, the base line for every other: magnitudes from the mel (<see cref="MelInversion"/>), phases by alternating
/// projections (D. Griffin and J. Lim, "Signal estimation from modified short-time Fourier transform", IEEE TASSP 32(2), 1984),
/// sped up by momentum (N. Perraudin, P. Balazs, P. Søndergaard, "A fast Griffin-Lim algorithm", WASPAA 2013).
/// Above the recipe's highest frequency the result is silent.
/// </summary>
public sealed class GriffinLim
{
    private readonly MelRecipe _recipe;
    private readonly Stft _stft;
    private readonly MelInversion _inversion;
    private readonly int _iterations;
    private readonly double _momentum;

    /// <summary>Prepares the tables; the instance may be shared by threads.</summary>
    /// <param name="recipe">Of the mels to come.</param>
    /// <param name="iterations">Projections onto the consistent spectra, at least 0; the default value is 32.</param>
    /// <param name="momentum">0 for the plain algorithm, up to 1; the default value is 0.99.</param>
    /// <exception cref="VocoderException">The recipe is not valid.</exception>
    public GriffinLim(MelRecipe recipe, int iterations = 32, double momentum = 0.99)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentOutOfRangeException.ThrowIfNegative(iterations);
        _inversion = new MelInversion(recipe);
        (_recipe, _iterations, _momentum) = (recipe, iterations, momentum);
        _stft = new Stft(recipe.FftSize, Windows.Of(recipe), recipe.HopSize);
    }

    /// <summary>Synthesises a mel.</summary>
    /// <param name="mel">[Bands, frames] row-major.</param>
    /// <param name="seed">Of the random phases at the start: the same seed gives the same samples.</param>
    /// <returns>The shortest signal with as many frames, at the recipe's rate: hop·frames samples for hop-centred recipes,
    /// hop·(frames − 1) for centred ones, not limited to ±1.</returns>
    /// <exception cref="VocoderException">The mel is empty or its size no multiple of the recipe's bands.</exception>
    public float[] Synthesize(ReadOnlySpan<float> mel, int seed = 0)
    {
        if (mel.IsEmpty || mel.Length % _recipe.Bands != 0)
            throw new VocoderException($"found {mel.Length} mel values, expected a positive multiple of {_recipe.Bands} bands");
        double[] magnitude = Magnitudes(mel);
        double[] re = new double[magnitude.Length], im = new double[magnitude.Length];
        RandomPhases(magnitude, seed, re, im);
        double[] signal = new double[_stft.SampleCount(magnitude.Length / _stft.Bins)];
        double[] nowRe = new double[re.Length], nowIm = new double[re.Length], lastRe = new double[re.Length], lastIm = new double[re.Length];
        for (int i = 0; i < _iterations; i++)
        {
            _stft.Inverse(re, im, signal);
            _stft.Forward(signal, nowRe, nowIm);
            double momentum = i == 0 ? 0 : _momentum;
            for (int k = 0; k < re.Length; k++)
                (re[k], im[k]) = Scaled(
                    nowRe[k] + momentum * (nowRe[k] - lastRe[k]), nowIm[k] + momentum * (nowIm[k] - lastIm[k]), magnitude[k]);
            (nowRe, nowIm, lastRe, lastIm) = (lastRe, lastIm, nowRe, nowIm);
        }
        _stft.Inverse(re, im, signal);
        return WithoutPadding(signal);
    }

    /// <summary>[frames, Bins], from [Bands, frames].</summary>
    private double[] Magnitudes(ReadOnlySpan<float> mel)
    {
        int frames = mel.Length / _recipe.Bands;
        var magnitude = new double[frames * _stft.Bins];
        var column = new float[_recipe.Bands];
        for (int f = 0; f < frames; f++)
        {
            for (int b = 0; b < column.Length; b++) column[b] = mel[b * frames + f];
            _inversion.Invert(column, magnitude.AsSpan(f * _stft.Bins, _stft.Bins));
        }
        return magnitude;
    }

    private static void RandomPhases(double[] magnitude, int seed, double[] re, double[] im)
    {
        var random = new Random(seed);
        for (int k = 0; k < magnitude.Length; k++)
        {
            var (sin, cos) = Math.SinCos(2 * Math.PI * random.NextDouble());
            (re[k], im[k]) = (magnitude[k] * cos, magnitude[k] * sin);
        }
    }

    private static (double Re, double Im) Scaled(double re, double im, double magnitude)
    {
        double length = Math.Sqrt(re * re + im * im);
        return length > 1e-300 ? (re * magnitude / length, im * magnitude / length) : (magnitude, 0);
    }

    private float[] WithoutPadding(double[] signal)
    {
        int padding = (_recipe.Centering == MelCentering.Centered ? _recipe.FftSize : _recipe.FftSize - _recipe.HopSize) / 2;
        var samples = new float[signal.Length - 2 * padding];
        for (int t = 0; t < samples.Length; t++) samples[t] = (float)signal[padding + t];
        return samples;
    }
}
