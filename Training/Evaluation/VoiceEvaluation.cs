using System.Numerics.Tensors;
using FlowVocoder.AudioIO;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Evaluation;

/// <summary>What one generated clip scores against its reference.</summary>
/// <param name="Seconds">Length that was compared.</param>
/// <param name="LogMelL1">In nats, see <see cref="Evaluation.LogMelL1"/>.</param>
/// <param name="StftDistance">See <see cref="MultiResolutionStft"/>.</param>
/// <param name="Intelligibility">STOI and ESTOI; NaN for clips with less than 0.4 s of speech.</param>
/// <param name="Voicing">Voicing and pitch.</param>
/// <param name="Bands">Single bands.</param>
public sealed record ClipScores(
    double Seconds, double LogMelL1, double StftDistance, IntelligibilityScores Intelligibility, VoicingScores Voicing, BandScores Bands);

/// <summary>Runs every objective measure over pairs of recordings and what a vocoder made of their mels.</summary>
public sealed class VoiceEvaluation
{
    // Mean square of full scale ±1: -70 dB.
    private const double SilentPower = 1e-7;
    private readonly int _sampleRate;
    private readonly LogMelL1 _logMel;
    private readonly VoicingF1 _voicing;
    private readonly BandMeasures _bands;

    /// <summary>Prepares the measures; the instance may be shared by threads.</summary>
    /// <param name="recipe">Of the voice: gives the sample rate, the mels that are compared and the frames of the pitch tracks.</param>
    /// <exception cref="VocoderException">The recipe is not valid.</exception>
    public VoiceEvaluation(MelRecipe recipe) =>
        (_logMel, _voicing, _bands, _sampleRate) = (new LogMelL1(recipe), new VoicingF1(recipe), new BandMeasures(recipe), recipe.SampleRate);

    /// <summary>
    /// Why a recording cannot be measured, one phrase: it is shorter than the longest window, or silent, so that distances relative to it have no bound.
    /// </summary>
    public static string? Refusal(ReadOnlySpan<float> reference)
    {
        if (reference.Length < MultiResolutionStft.LongestWindow)
            return $"has {reference.Length} samples, expected at least the {MultiResolutionStft.LongestWindow} of the longest window";
        double power = TensorPrimitives.SumOfSquares(reference) / (double)reference.Length;
        if (!(power < SilentPower)) return null;
        double found = 10 * Math.Log10(Math.Max(power, 1e-20)), least = 10 * Math.Log10(SilentPower);
        return FormattableString.Invariant($"is silent, {found:0} dB of full scale, expected speech above {least:0}");
    }

    /// <summary>Scores one clip; the longer signal is cut to the shorter.</summary>
    /// <param name="reference">The recording, at the recipe's rate, -1 to 1.</param>
    /// <param name="generated">What was made of its mel, aligned.</param>
    /// <exception cref="VocoderException">Too short for one frame, or a sample that is not finite.</exception>
    public ClipScores Score(ReadOnlySpan<float> reference, ReadOnlySpan<float> generated)
    {
        int length = Math.Min(reference.Length, generated.Length);
        reference = CheckFinite(reference[..length], "reference");
        generated = CheckFinite(generated[..length], "generated");
        return new ClipScores(
            length / (double)_sampleRate,
            _logMel.Distance(reference, generated),
            MultiResolutionStft.Distance(reference, generated),
            Stoi.Compare(
                Resampler.Resample(reference, _sampleRate, Stoi.SampleRate),
                Resampler.Resample(generated, _sampleRate, Stoi.SampleRate)),
            _voicing.Compare(reference, generated),
            _bands.Score(reference, generated));
    }

    private static ReadOnlySpan<float> CheckFinite(ReadOnlySpan<float> samples, string name)
    {
        for (int t = 0; t < samples.Length; t++)
            if (!float.IsFinite(samples[t]))
                throw new VocoderException($"{name} sample {t} is {samples[t]}, expected a finite number");
        return samples;
    }
}
