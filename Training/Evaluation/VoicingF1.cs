using FlowVocoder.Features;

namespace FlowVocoder.Training.Evaluation;

/// <summary>How well voicing and pitch of a generated signal agree with its reference, in frames of a mel recipe.</summary>
/// <param name="BothVoiced">Frames voiced in both.</param>
/// <param name="OnlyReference">Frames voiced in the reference alone: lost voice.</param>
/// <param name="OnlyGenerated">Frames voiced in the generated signal alone.</param>
/// <param name="BothUnvoiced">Frames voiced in neither.</param>
/// <param name="Cents">[BothVoiced] generated over reference F0 in cents (1200·log2 of the ratio), with its sign.</param>
public sealed record VoicingScores(int BothVoiced, int OnlyReference, int OnlyGenerated, int BothUnvoiced, IReadOnlyList<float> Cents)
{
    /// <summary>F1 of "voiced": 2·tp / (2·tp + fp + fn), 0 to 1; NaN where no frame of either is voiced.</summary>
    public double F1 => 2.0 * BothVoiced / (2 * BothVoiced + OnlyReference + OnlyGenerated);

    /// <summary>Share of frames whose voicing differs, 0 to 1.</summary>
    public double VoicingError => (OnlyReference + OnlyGenerated) / (double)(BothVoiced + OnlyReference + OnlyGenerated + BothUnvoiced);

    /// <summary>Median of |cents| over the frames voiced in both; NaN without any.</summary>
    public double MedianCents
    {
        get
        {
            if (Cents.Count == 0) return double.NaN;
            double[] sorted = [.. Cents.Select(c => (double)Math.Abs(c)).Order()];
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }

    /// <summary>Share of the frames voiced in both whose F0 is off by at most 50 cents, 0 to 1; NaN without any.</summary>
    public double Within50Cents => Cents.Count(c => Math.Abs(c) <= 50) / (double)Cents.Count;

    /// <summary>The scores of several clips as if they were one.</summary>
    public static VoicingScores Pool(IReadOnlyCollection<VoicingScores> clips) => new(
        clips.Sum(c => c.BothVoiced), clips.Sum(c => c.OnlyReference), clips.Sum(c => c.OnlyGenerated), clips.Sum(c => c.BothUnvoiced),
        [.. clips.SelectMany(c => c.Cents)]);

    /// <summary>Compares two tracks; the longer one is cut to the shorter.</summary>
    /// <param name="reference">[frames] F0 in Hz, 0 where unvoiced.</param>
    /// <param name="generated">[frames] the same.</param>
    public static VoicingScores Of(ReadOnlySpan<float> reference, ReadOnlySpan<float> generated)
    {
        int both = 0, lost = 0, added = 0, neither = 0;
        var cents = new List<float>();
        for (int i = 0; i < Math.Min(reference.Length, generated.Length); i++)
        {
            switch (reference[i] > 0, generated[i] > 0)
            {
                case (true, true):
                    both++;
                    cents.Add((float)(1200 * Math.Log2((double)generated[i] / reference[i])));
                    break;
                case (true, false): lost++; break;
                case (false, true): added++; break;
                default: neither++; break;
            }
        }
        return new VoicingScores(both, lost, added, neither, cents);
    }
}

/// <summary>
/// Voiced/unvoiced F1 and F0 error as vocoder papers report them (M. Morrison et al., "Chunked autoregressive GAN", arXiv 2110.10139),
/// with both signals tracked by <see cref="PitchTracker"/>, a normalised autocorrelation (75–400 Hz, voiced above 0.55),
/// where they use a network: compare figures of one tracker only.
/// </summary>
public sealed class VoicingF1
{
    private readonly PitchTracker _tracker;
    private readonly MelSpectrogram _mel;

    /// <summary>Prepares the tracker for the frames of a recipe.</summary>
    /// <exception cref="VocoderException">The recipe is not valid.</exception>
    public VoicingF1(MelRecipe recipe) => (_tracker, _mel) = (new PitchTracker(recipe), new MelSpectrogram(recipe));

    /// <summary>Tracks both signals and compares them; the longer one is cut to the shorter.</summary>
    /// <param name="reference">Samples at the recipe's rate.</param>
    /// <param name="generated">Samples at the recipe's rate.</param>
    public VoicingScores Compare(ReadOnlySpan<float> reference, ReadOnlySpan<float> generated)
    {
        int length = Math.Min(reference.Length, generated.Length), frames = _mel.FrameCount(length);
        return VoicingScores.Of(_tracker.Track(reference[..length], frames).F0, _tracker.Track(generated[..length], frames).F0);
    }
}
