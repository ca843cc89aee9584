namespace FlowVocoder.Features;

/// <summary>
/// How mels of one recipe become mels of another: what a text-to-speech model of some toolkit says, as the voice expects it. Three ways, found from the
/// recipes:
/// <list type="bullet">
/// <item>Behind the filter bank all is undone and done again: statistics, range, offset, logarithm, floor. Exact, but for what the source's floor took.</item>
/// <item>Frames half a hop apart need nothing: a mel whose frames lie half a hop earlier is the mel of the same speech half a hop later, and so it is spoken
/// (<see cref="DelaySamples"/>). Only where the frames themselves have to lie on the target's grid are they interpolated.</item>
/// <item>Another filter bank, range, window or rate goes through the linear spectrum (<see cref="MelInversion"/>), frame by frame, and from one frame rate to
/// the other
/// by a cubic over four frames. Approximate: <see cref="MeasureLoss"/> says by how much.</item>
/// </list>
/// Immutable; instances may be shared.
/// </summary>
public sealed class MelConversion
{
    // Of the highest band's edge; nepers by which loud speech may reach beyond a limit; Hz below which lie no more than the first harmonics.
    private const double MinRange = 0.94, MaxClipping = 0.7, MaxMissing = 150;

    private MelConversion(MelRecipe source, MelRecipe target, MelStatistics? statistics, bool onGrid)
    {
        (Source, Target, Statistics) = (source, target, statistics);
        double period = source.HopSize / (double)source.SampleRate, targetPeriod = target.HopSize / (double)target.SampleRate;
        // A filter that is late makes frames of what was heard earlier.
        double late = source.HighPass > 0 ? MelPreparation.HighPassTaps / 2 / (double)source.SampleRate : 0;
        double shift = ((FrameCentres.Of(target, 0) / target.SampleRate) - (FrameCentres.Of(source, 0) / source.SampleRate) + late) / period;
        bool sameRate = source.HopSize * (long)target.SampleRate == target.HopSize * (long)source.SampleRate;
        (Step, Shift) = sameRate && !onGrid ? (1, 0) : (sameRate ? 1 : targetPeriod / period, shift);
        DelaySamples = sameRate && !onGrid ? (int)Math.Round(shift * period * target.SampleRate) : 0;
        Difference = Differences(source, target);
    }

    /// <summary>The recipe of the mels that come.</summary>
    public MelRecipe Source { get; }

    /// <summary>The recipe of the voice.</summary>
    public MelRecipe Target { get; }

    /// <summary>By which the mels that come were normalised, or null.</summary>
    public MelStatistics? Statistics { get; }

    /// <summary>What makes the conversion approximate, in words; null where it is exact.</summary>
    public string? Difference { get; }

    /// <summary>Whether only floors and edges can differ from a mel that the target's recipe makes of the same recording.</summary>
    public bool IsExact => Difference == null && !Interpolates;

    /// <summary>Whether nothing at all has to be done.</summary>
    public bool IsIdentity => IsExact && Statistics == null && Source.Logarithm == Target.Logarithm && Source.OutputScale == Target.OutputScale
        && Source.OutputOffset == Target.OutputOffset && Source.OutputMin == Target.OutputMin && Source.OutputMax == Target.OutputMax
            && Source.Floor >= Target.Floor;

    /// <summary>
    /// Samples, at the target's rate, by which the speech comes later than in the recording that the mel was made of; less than 0 where it comes earlier. Half
    /// a hop, 5.8 ms, between centred and hop-centred recipes.
    /// </summary>
    public int DelaySamples { get; }

    /// <summary>Frames of the source that must follow before a frame comes out: 2 where frames are interpolated, else 0.</summary>
    public int LookAheadFrames => Interpolates ? 2 : 0;

    /// <summary>The same time in samples at the target's rate.</summary>
    public int LookAheadSamples => (int)Math.Ceiling((double)LookAheadFrames * Source.HopSize * Target.SampleRate / Source.SampleRate);

    /// <summary>Frames of the source per frame of the target, and where between them the first one lies.</summary>
    internal double Step { get; }

    internal double Shift { get; }

    internal bool Interpolates => Step != 1 || Shift != 0;

    /// <summary>Finds the way from one recipe to another.</summary>
    /// <param name="source">What the mels were made with.</param>
    /// <param name="target">The recipe of the voice.</param>
    /// <param name="statistics">By which the mels were normalised, where they were.</param>
    /// <param name="onGrid">Interpolate frames that lie half a hop apart, in place of speaking half a hop later: for mels that are to be compared and not
    /// spoken.</param>
    /// <exception cref="VocoderException">There is none: what the target needs is not in such a mel; or the statistics have other bands.</exception>
    public static MelConversion Between(MelRecipe source, MelRecipe target, MelStatistics? statistics = null, bool onGrid = false)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        source.Validate();
        target.Validate();
        if (statistics != null && statistics.Mean.Count != source.Bands)
            throw new VocoderException($"the statistics have {statistics.Mean.Count} bands, the mel recipe '{source.Name}' has {source.Bands}");
        if (source.Mismatch(target) != null && Refusal(source, target) is { } reason)
            throw new VocoderException($"a '{source.Name}' mel cannot be converted to '{target.Name}': {reason}");
        return new MelConversion(source, target, statistics, onGrid);
    }

    /// <summary>A converter for one signal.</summary>
    public MelConverter NewConverter() => new(this);

    /// <summary>Converts a whole mel.</summary>
    /// <param name="mel">[source bands, frames] row-major.</param>
    /// <returns>[target bands, frames] row-major; as many frames as cover the same time.</returns>
    public float[] Convert(ReadOnlySpan<float> mel)
    {
        int bands = Source.Bands, frames = mel.Length / bands;
        if (frames == 0 || mel.Length % bands != 0) throw new ArgumentException($"{mel.Length} values are no frames of {bands} bands", nameof(mel));
        float[] columns = new float[mel.Length];
        MelColumns.Copy(mel, bands, 0, columns);
        MelConverter converter = NewConverter();
        float[] result = new float[FrameCount(frames) * Target.Bands];
        int pushed = converter.Push(columns, result) * Target.Bands;
        converter.Flush(result.AsSpan(pushed));
        float[] converted = new float[result.Length];
        int count = result.Length / Target.Bands;
        for (int i = 0; i < result.Length; i++) converted[(i % Target.Bands * count) + (i / Target.Bands)] = result[i];
        return converted;
    }

    /// <summary>Frames that so many frames of the source become, at least one.</summary>
    public int FrameCount(long frames) => frames == 0 ? 0 : (int)Math.Max(1, Math.Floor((frames / Step) + 1e-6));

    /// <summary>
    /// The mean difference, in nepers of amplitude, between the converted mel and the target's own, over a stretch of synthetic speech; below 1e-4 where exact.
    /// </summary>
    public double MeasureLoss() => MelConversionLoss.Measure(Source, Target);

    private static string? Differences(MelRecipe source, MelRecipe target)
    {
        var parts = new List<string>();
        void Add(bool differs, FormattableString text)
        {
            if (differs) parts.Add(FormattableString.Invariant(text));
        }
        Add(source.SampleRate != target.SampleRate, $"{source.SampleRate} instead of {target.SampleRate} Hz");
        Add(source.Bands != target.Bands, $"{source.Bands} instead of {target.Bands} bands");
        Add(source.MinFrequency != target.MinFrequency || source.MaxFrequency != target.MaxFrequency,
            $"{source.MinFrequency}–{source.MaxFrequency} instead of {target.MinFrequency}–{target.MaxFrequency} Hz");
        Add(source.MelScale != target.MelScale || source.MelNorm != target.MelNorm, $"{source.MelScale} instead of {target.MelScale} filters");
        double Milliseconds(MelRecipe recipe, int samples) => 1000.0 * samples / recipe.SampleRate;
        bool Differ(int a, int b) => a * (long)target.SampleRate != b * (long)source.SampleRate;
        Add(Differ(source.FftSize, target.FftSize) || Differ(source.WindowSize, target.WindowSize),
            $"windows of {Milliseconds(source, source.WindowSize):0.#} instead of {Milliseconds(target, target.WindowSize):0.#} ms");
        Add(Differ(source.HopSize, target.HopSize),
            $"hops of {Milliseconds(source, source.HopSize):0.0} instead of {Milliseconds(target, target.HopSize):0.0} ms");
        Add(source.SpectrumPower != target.SpectrumPower, $"{(source.SpectrumPower == 2 ? "power" : "magnitude")} spectra");
        Add(source.HighPass != target.HighPass, $"a high-pass at {source.HighPass} Hz");
        return parts.Count == 0 ? null : string.Join(", ", parts);
    }

    private static string? Refusal(MelRecipe source, MelRecipe target)
    {
        if (source.PreEmphasis != target.PreEmphasis) return FormattableString.Invariant($"it is of speech with pre-emphasis {source.PreEmphasis}, which lifts what is high by up to {20 * Math.Log10((1 + source.PreEmphasis) / (1 - source.PreEmphasis)):0} dB");
        if (source.OutputMax is { } most)
        {
            double beyond = MelLogarithmGuess.Ceiling(source) - (Math.Log(source.ToAmplitude(most)) / source.SpectrumPower);
            if (beyond > MaxClipping) return FormattableString.Invariant(
                $"its values end at {most}, {20 / Math.Log(10) * beyond:0} dB below full scale, where loud bands are cut off");
        }
        if (source.MaxFrequency < MinRange * target.MaxFrequency)
            return FormattableString.Invariant($"it ends at {source.MaxFrequency} Hz, the voice needs what lies below {target.MaxFrequency} Hz");
        return source.MinFrequency > Math.Max(MaxMissing, target.MinFrequency)
            ? FormattableString.Invariant($"it begins at {source.MinFrequency} Hz, the voice needs what lies above {target.MinFrequency} Hz") : null;
    }
}
