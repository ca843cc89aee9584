using System.Globalization;

namespace FlowVocoder.Features;

/// <summary>
/// Tells a mel that is clearly not in the scale a voice expects: another logarithm, normalised, or none at all.
/// Such a mel has the right shape and gives noise, the most common way to get a vocoder wrong.
/// <para>
/// What decides is the contrast, the largest value less the mean over the louder half of the frames, because it does not depend on
/// the level of the recording. Measured on 36 clips of six speakers, at full level and 40 dB below, under every logarithmic preset
/// that does not clip both ends, it is 4.0 to 7.5 nepers of amplitude (mean 5.2): 1 for each unit of a natural logarithm,
/// but 2.30 for a unit of log10 and 0.115 for one decibel, further apart than speakers are. Noisy speech has less of it, but no less spread (largest less
/// smallest value of the same frames, 7.2 to 13.1 nepers), which keeps it from looking like log10; steady noise, which hardly moves from frame to frame, is
/// left alone. Of those clips' mels in their own scale, clean, with hiss of 30 and 50 dB below full scale, and at both levels, none raised an alarm.
/// </para>
/// </summary>
public static class MelLogarithmGuess
{
    private const double TypicalContrast = 5.2, MinContrast = 3.5, MinSureContrast = 4.0, MaxContrast = 8.6, MaxSpread = 14.5, MaxUnscaledSpread = 13.2,
        MinMovement = 1;
    private const double MaxNepersOutside = 100, NepersOfSilence = 5;
    private const int MinFrames = 10;
    private const string Normalised = "mean-variance normalised values (undo the normalisation first)";
    private static readonly double s_nepersPerLog10 = Math.Log(10), s_nepersPerDecibel = Math.Log(10) / 20;

    // 100 dB become −4 … 4 in Coqui and Rayhane's Tacotron 2, and 0 … 1 elsewhere.
    private static readonly double s_nepersPerSymmetric = Math.Log(10) / 20 * 100 / 8, s_nepersPerUnit = Math.Log(10) / 20 * 100;

    private readonly record struct Statistics(double Min, double Max, double Mean, double Deviation, double Contrast, double Spread, double Movement);

    /// <summary>
    /// Judges a mel of speech. Silent about what it cannot tell: fewer than 10 frames (but for values that no recording gives, or that lie below the floor), a
    /// mel that touches the expected floor, noise, tones.
    /// </summary>
    /// <param name="mel">[expected.Bands, frames] row-major, finite values.</param>
    /// <param name="expected">The recipe of the voice.</param>
    /// <param name="voice">Name of the voice, for the message.</param>
    /// <returns>Null, or one line that says what the values look like and what the voice expects.</returns>
    public static string? Warning(ReadOnlySpan<float> mel, MelRecipe expected, string voice)
    {
        ArgumentNullException.ThrowIfNull(expected);
        int frames = mel.Length / expected.Bands;
        if (frames == 0) return null;
        Statistics found = Measure(mel, expected.Bands, frames);
        string? guess = frames < MinFrames ? null
            : IsNormalised(found) ? Normalised
            : IsFrozen(mel, frames, expected) ? "no mel of a recording, because all of its frames are alike"
            : Fits(found, expected) ? null
            : found.Min >= 0 ? LooksUnsigned(mel, found, expected, frames) : LooksSigned(found, expected);
        // 16-bit samples taken as they are lie 10.4 nepers too high.
        if (guess is null && frames >= MinFrames && HasContrast(found.Contrast * NepersPerUnit(expected)) && Level(found, expected) > Ceiling(expected) + 3)
            guess = "the mel of audio that was not scaled to -1…1";
        if (guess is null && IsAbsurd(found, expected)) guess = "no mel of a recording";
        if (guess is null && IsBelowFloor(mel, expected)) guess = $"silence, because most lie below {Number(expected.LowestValue)}, the lowest that a mel has";
        if (guess is null) return null;
        return string.Create(CultureInfo.InvariantCulture,
            $"values from {Number(found.Min)} to {Number(found.Max)} look like {guess}; the voice '{voice}' expects {Describe(expected)}");
    }

    /// <summary>
    /// How far a mel of speech lies from what a recipe makes of it, 0 where it touches the very floor; null where it cannot be told or does not fit.
    /// </summary>
    internal static double? Distance(ReadOnlySpan<float> mel, MelRecipe recipe)
    {
        int frames = mel.Length / recipe.Bands;
        if (frames < MinFrames || Warning(mel, recipe, "") != null) return null;
        Statistics found = Measure(mel, recipe.Bands, frames);
        if (Math.Abs(found.Min - recipe.LowestValue) < 1e-3) return 0;
        return found.Min < recipe.LowestValue - 1e-3 ? null : 0.01 + Math.Abs(Math.Log(found.Contrast * NepersPerUnit(recipe) / TypicalContrast));
    }

    // By its own mean and deviation, to the last digit; no logarithm of speech comes to lie there. By those of a corpus it is told from its level below.
    private static bool IsNormalised(Statistics found) => Math.Abs(found.Mean) < 0.01 && Math.Abs(found.Deviation - 1) < 0.01;

    // A mel of zeros, say, which is loud noise in a logarithm. At the floor it is silence.
    private static bool IsFrozen(ReadOnlySpan<float> mel, int frames, MelRecipe expected)
    {
        if (!(mel[0] > Silence(expected) + 1 / NepersPerUnit(expected))) return false;
        for (int i = 0; i < mel.Length; i++)
            if (mel[i] != mel[i / frames * frames]) return false;
        return true;
    }

    // The highest value of silence, which differs from band to band where it is the spectrum that has a floor.
    private static double Silence(MelRecipe recipe)
    {
        if (recipe.PowerFloor == 0) return recipe.LowestValue;
        var bank = new MelFilterBank(recipe);
        double most = Enumerable.Range(0, bank.Bands).Max(b => bank.Weights(b).ToArray().Sum());
        return recipe.FromAmplitude(most * Math.Pow(recipe.PowerFloor + recipe.MagnitudeEpsilon, recipe.SpectrumPower / 2.0));
    }

    // Further above full scale, or below the floor, than any format of samples and any error of an acoustic model explains.
    private static bool IsAbsurd(Statistics found, MelRecipe expected) => Level(found, expected) - Ceiling(expected) > MaxNepersOutside
        || (expected.LowestValue - found.Min) * NepersPerUnit(expected) > MaxNepersOutside;

    // Where more than half of the cells lie a factor e⁵ below the floor, the scale fits and the level does not, and nothing is heard. A lower floor alone
    // gives that to digital silence only.
    private static bool IsBelowFloor(ReadOnlySpan<float> mel, MelRecipe expected)
    {
        double least = expected.LowestValue - NepersOfSilence / NepersPerUnit(expected);
        int below = 0;
        foreach (float value in mel)
            if (value < least) below++;
        return 2L * below > mel.Length;
    }

    private static bool Fits(Statistics found, MelRecipe expected)
    {
        double margin = 0.06 * (expected.OutputMax - expected.OutputMin ?? 0);
        if (found.Min < expected.OutputMin - margin || found.Max > expected.OutputMax + margin) return false;
        // The exact floor is proof: no other scale has its lowest value there.
        if (Math.Abs(found.Min - expected.LowestValue) < 1e-3) return true;
        if (IsSymmetric(found, expected)) return false;
        // Amplitudes below 1 have negative logarithms, and no recording has all of its cells above.
        bool signed = found.Min < 0 || expected.LowestValue >= 0;
        return signed && HasContrast(found.Contrast * NepersPerUnit(expected)) && Level(found, expected) <= Ceiling(expected);
    }

    private static string? LooksUnsigned(ReadOnlySpan<float> mel, Statistics found, MelRecipe expected, int frames)
    {
        if (expected.OutputMin >= 0) return null;
        if (found.Max <= 1.001 && HasContrast(found.Contrast * s_nepersPerUnit)) return "decibels normalised to 0…1";
        float[] logarithms = [.. mel.ToArray().Select(v => MathF.Log(MathF.Max(v, 1e-8f)))];
        bool linear = HasContrast(Measure(logarithms, expected.Bands, frames).Contrast / expected.SpectrumPower);
        return linear ? "linear amplitudes without a logarithm" : null;
    }

    private static string? LooksSigned(Statistics found, MelRecipe expected)
    {
        if (IsSymmetric(found, expected)) return "decibels normalised to -4…4 (coqui, rayhane)";
        // Filters that all peak at 1 gather more hiss the wider they are: behind them noisy speech spreads as little as clean speech in log10 does.
        double ceiling = Ceiling(expected), mostSpread = expected.MelNorm == MelNorm.None ? MaxUnscaledSpread : MaxSpread;
        if (Math.Abs(found.Mean) < 0.35 && found.Deviation is > 0.8 and < 1.25 && Level(found, expected) > ceiling)
            return Normalised;

        double own = expected.OutputScale == 1 && expected.OutputOffset == 0 ? UnitOf(expected.Logarithm) : 0;
        (double Unit, string Name)[] scales =
        [
            (1, "a natural logarithm (nvidia, hifigan, vocos)"),
            (s_nepersPerLog10, "log10 (espnet, rfwave)"),
            (s_nepersPerDecibel, "decibels (coqui or rayhane before normalisation, librosa amplitude_to_db)"),
        ];
        (double Unit, string Name)[] fitting =
        [
            .. scales.Where(s => s.Unit != own
                && found.Contrast * s.Unit / expected.SpectrumPower is > MinSureContrast and < MaxContrast
                && found.Spread * s.Unit / expected.SpectrumPower < mostSpread
                && found.Movement * s.Unit / expected.SpectrumPower > MinMovement
                && found.Max * s.Unit / expected.SpectrumPower <= ceiling),
        ];
        return fitting.Length == 0 ? null
            : fitting.MinBy(s => Math.Abs(Math.Log(found.Contrast * s.Unit / expected.SpectrumPower / TypicalContrast))).Name;
    }

    // Clipped at exactly −4, or within ±4 and yet louder than full scale if the voice's logarithm had made it.
    private static bool IsSymmetric(Statistics found, MelRecipe expected) =>
        expected.OutputMin != -4 && HasContrast(found.Contrast * s_nepersPerSymmetric)
        && ((Math.Abs(found.Min + 4) < 1e-3 && found.Max <= 4.001)
            || (found.Min is > -4.5 and < -1 && found.Max <= 4.5 && Level(found, expected) > Ceiling(expected)));

    private static bool HasContrast(double nepers) => nepers is > MinContrast and < MaxContrast;

    private static Statistics Measure(ReadOnlySpan<float> mel, int bands, int frames)
    {
        double[] means = new double[frames];
        double min = double.PositiveInfinity, max = double.NegativeInfinity, squares = 0;
        for (int i = 0; i < bands * frames; i++)
        {
            double value = mel[i];
            means[i % frames] += value / bands;
            squares += value * value;
            min = Math.Min(min, value);
            max = Math.Max(max, value);
        }
        double[] sorted = [.. means.Order()];
        double mean = means.Average(), loud = sorted[frames / 2], lowestLoud = max;
        for (int i = 0; i < bands * frames; i++)
            if (means[i % frames] >= loud) lowestLoud = Math.Min(lowestLoud, mel[i]);
        double deviation = Math.Sqrt(Math.Max(0, (squares / (bands * frames)) - (mean * mean)));
        return new Statistics(min, max, mean, deviation, max - sorted[(frames / 2)..].Average(), max - lowestLoud,
            sorted[frames * 9 / 10] - sorted[frames / 10]);
    }

    private static double UnitOf(MelLogarithm logarithm) => logarithm switch
    {
        MelLogarithm.Natural => 1,
        MelLogarithm.Log10 => s_nepersPerLog10,
        _ => s_nepersPerDecibel,
    };

    private static double NepersPerUnit(MelRecipe recipe) => UnitOf(recipe.Logarithm) / recipe.OutputScale / recipe.SpectrumPower;

    private static double Level(Statistics found, MelRecipe recipe) => (found.Max - recipe.OutputOffset) * NepersPerUnit(recipe);

    // Nepers of a full-scale tone in the band that gives it most: a Hann window of W samples makes bins W/8, W/4, W/8 of it.
    internal static double Ceiling(MelRecipe recipe)
    {
        var bank = new MelFilterBank(recipe);
        double quarter = recipe.WindowSize / 4.0, highest = 0;
        double peak = Math.Pow(quarter, recipe.SpectrumPower), side = Math.Pow(quarter / 2, recipe.SpectrumPower);
        for (int band = 0; band < bank.Bands; band++)
        {
            ReadOnlySpan<double> weights = bank.Weights(band);
            for (int i = 0; i < weights.Length; i++)
            {
                double neighbours = (i > 0 ? weights[i - 1] : 0) + (i + 1 < weights.Length ? weights[i + 1] : 0);
                highest = Math.Max(highest, (peak * weights[i]) + (side * neighbours));
            }
        }
        return Math.Log(highest) / recipe.SpectrumPower;
    }

    private static string Number(double value) => value.ToString(Math.Abs(value) < 1e6 ? "0.##" : "0.##e+0", CultureInfo.InvariantCulture);

    private static string Describe(MelRecipe recipe)
    {
        string logarithm = recipe.Logarithm switch
        {
            MelLogarithm.Natural => "natural logarithm",
            MelLogarithm.Log10 => "log10",
            _ => "decibels",
        };
        string range = recipe.OutputMin is null && recipe.OutputMax is null ? "" : $" normalised to {recipe.OutputMin}…{recipe.OutputMax}";
        return string.Create(CultureInfo.InvariantCulture, $"{logarithm}{range} with floor {recipe.Floor:0.########e+00} ({recipe.Name})");
    }
}
