namespace FlowVocoder.Features;

/// <summary>Mean and deviation of each band over a corpus, by which some toolkits normalise their mels: (value − mean) / deviation.</summary>
public sealed class MelStatistics
{
    /// <summary>Takes the statistics of the bands.</summary>
    /// <param name="mean">[bands] means, in the unit of the recipe.</param>
    /// <param name="deviation">[bands] standard deviations, more than 0.</param>
    /// <exception cref="VocoderException">They are not as many, not finite, or a deviation is not positive.</exception>
    public MelStatistics(ReadOnlySpan<float> mean, ReadOnlySpan<float> deviation)
    {
        if (mean.Length == 0 || mean.Length != deviation.Length)
            throw new VocoderException($"statistics of a mel have {mean.Length} means and {deviation.Length} deviations, expected one of each for every band");
        for (int b = 0; b < mean.Length; b++)
        {
            if (!float.IsFinite(mean[b]))
                throw new VocoderException(FormattableString.Invariant($"statistics of a mel have mean {mean[b]} in band {b}, expected a finite number"));
            if (!float.IsFinite(deviation[b]) || deviation[b] <= 0)
                throw new VocoderException(FormattableString.Invariant($"statistics of a mel have deviation {deviation[b]} in band {b}, expected more than 0"));
        }
        (Mean, Deviation) = (mean.ToArray(), deviation.ToArray());
    }

    /// <summary>[bands] means.</summary>
    public IReadOnlyList<float> Mean { get; }

    /// <summary>[bands] deviations.</summary>
    public IReadOnlyList<float> Deviation { get; }

    /// <summary>Normalises a mel in place.</summary>
    /// <param name="mel">[bands, frames] row-major; a single frame is [bands].</param>
    public void Normalize(Span<float> mel)
    {
        int frames = Frames(mel.Length);
        for (int i = 0; i < mel.Length; i++) mel[i] = (float)(((double)mel[i] - Mean[i / frames]) / Deviation[i / frames]);
    }

    /// <summary>Undoes <see cref="Normalize"/>.</summary>
    /// <param name="mel">[bands, frames] row-major; a single frame is [bands].</param>
    public void Denormalize(Span<float> mel)
    {
        int frames = Frames(mel.Length);
        for (int i = 0; i < mel.Length; i++) mel[i] = (float)(((double)mel[i] * Deviation[i / frames]) + Mean[i / frames]);
    }

    private int Frames(int values) => values % Mean.Count == 0 ? Math.Max(1, values / Mean.Count)
        : throw new ArgumentException($"{values} values are no frames of {Mean.Count} bands");
}
