using FlowVocoder.Matching;
using FlowVocoder.Models;

namespace FlowVocoder.Streaming;

/// <summary>How a voice speaks.</summary>
public sealed record SynthesisOptions
{
    /// <summary>Standard deviation of the noise; lower is cleaner and duller, 0 is the mode of the flow. The default value is 1.</summary>
    public float Sigma { get; init; } = 1f;

    /// <summary>Shift of the fundamental in semitones. The default value is 0.</summary>
    public float PitchShift { get; init; }

    /// <summary>Seed of the noise: the same seed gives the same samples. The default value is 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>
    /// Passes that make the speech obey its mel, 0 to <see cref="MaxMatch"/>: levels come nearer with each, and a stream waits three frames longer, for the
    /// first four. null is what suits: see <see cref="ForStream"/> and <see cref="ForWholeMel"/>. The default value is null.
    /// </summary>
    public int? Match { get; init; }

    /// <summary>Most passes of <see cref="Match"/>.</summary>
    public const int MaxMatch = 32;

    /// <summary>
    /// The same for a stream: where <see cref="Match"/> is left open, one pass for a voice whose mel can be matched. It gives most of what there is to gain
    /// and waits four frames; 0 waits for nothing.
    /// </summary>
    /// <param name="model">The voice.</param>
    public SynthesisOptions ForStream(VocoderModel model) => Match == null ? this with { Match = Math.Min(1, model.MatchPasses) } : this;

    /// <summary>
    /// The same for a mel that is there as a whole: where <see cref="Match"/> is left open, as many passes as suit voice and mel. A mel that is smoother than
    /// those of recordings, as acoustic models make them, gets one; speech of another pitch, of which only the envelope is matched, two at most.
    /// </summary>
    /// <param name="model">The voice.</param>
    /// <param name="mel">[bands, frames] in the logarithm of its recipe; empty stands for that of a recording.</param>
    public SynthesisOptions ForWholeMel(VocoderModel model, ReadOnlySpan<float> mel = default)
    {
        if (Match != null) return this;
        int passes = PitchShift == 0 ? model.MatchPasses : Math.Min(2, model.MatchPasses);
        bool isSmooth = passes > 1 && MelSharpness.Of(model.Recipe, mel) < MelSharpness.Recorded;
        return this with { Match = isSmooth ? 1 : passes };
    }

    /// <summary>Checks the numbers.</summary>
    /// <exception cref="VocoderException">One of them is out of range.</exception>
    public void Validate()
    {
        if (!(Sigma is >= 0 and <= 10)) throw new VocoderException(FormattableString.Invariant($"sigma is {Sigma}, expected 0 to 10"));
        if (!(PitchShift is >= -24 and <= 24))
            throw new VocoderException(FormattableString.Invariant($"the pitch shift is {PitchShift} semitones, expected -24 to 24"));
        if (Match is < 0 or > MaxMatch) throw new VocoderException(FormattableString.Invariant($"match is {Match} passes, expected 0 to {MaxMatch}"));
    }
}
