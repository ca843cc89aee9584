using System.Numerics.Tensors;

namespace FlowVocoder.AudioIO;

/// <summary>A recording as everything here takes it: mono, at one rate, and of numbers that can be computed with.</summary>
public sealed class Recording
{
    /// <summary>
    /// Largest magnitude of a sample, 2^32: 32-bit integers that somebody wrote as floats are still below it, and the power of a window of such samples is no
    /// more than a float holds.
    /// </summary>
    public const float Loudest = 4294967296f;

    // Full scale is 1. What is some times as loud is not loud but of another scale.
    private const float LoudestSpeech = 8f;
    // Channels that have nothing in common lose 3 dB in the mean of two, this is 20.
    private const float Cancelled = 0.01f;

    private Recording(float[] samples, int sampleRate, string? changes, string? warning) =>
        (Samples, SampleRate, Changes, Warning) = (samples, sampleRate, changes, warning);

    /// <summary>[time] full scale is ±1.</summary>
    public float[] Samples { get; }

    /// <summary>Samples per second.</summary>
    public int SampleRate { get; }

    /// <summary>What was done to it, "resampled from 48000 to 22050 Hz", or null where it is as it was in the file.</summary>
    public string? Changes { get; }

    /// <summary>One line, without the name of the file, on what is likely to be a mistake in it; null where nothing is.</summary>
    public string? Warning { get; }

    /// <summary>Reads a recording of any kind that <see cref="AudioFile"/> reads, mixes it to mono and resamples it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="sampleRate">Samples per second that are wanted; null leaves them as they are.</param>
    /// <exception cref="VocoderException">It cannot be read, or has samples beyond <see cref="Loudest"/>; the message names it.</exception>
    public static Recording Read(string path, int? sampleRate = null)
    {
        Audio audio = AudioFile.Read(path);
        int rate = sampleRate ?? audio.SampleRate;
        var changes = new List<string>();
        if (audio.SampleRate != rate) changes.Add(FormattableString.Invariant($"resampled from {audio.SampleRate} to {rate} Hz"));
        if (audio.Channels.Length > 1) changes.Add(FormattableString.Invariant($"mixed from {audio.Channels.Length} channels to mono"));
        float[] mono = audio.ToMono(), samples = Resampler.Resample(mono, audio.SampleRate, rate);
        // After all arithmetic: the sum of two channels may be infinite where neither is.
        float peak = Math.Max(Peak(mono), Peak(samples));
        if (!(peak <= Loudest))
        {
            float largest = audio.Channels.Max(Peak);
            throw new VocoderException(FormattableString.Invariant($"'{path}' has samples of {largest:0.##E+0}, too large to compute with, expected ±1"));
        }
        return new Recording(samples, rate, changes.Count == 0 ? null : string.Join(" and ", changes), Doubt(audio, mono, peak));
    }

    private static string? Doubt(Audio audio, float[] mono, float peak)
    {
        if (peak > LoudestSpeech)
        {
            return FormattableString.Invariant($"its samples reach {peak:0}, expected ±1: ")
                + "integers that were written as floats are to be divided by 32768 or by what their format has";
        }
        double apart = audio.Channels.Average(c => (double)TensorPrimitives.SumOfSquares<float>(c)), mixed = TensorPrimitives.SumOfSquares<float>(mono);
        if (!(mixed < Cancelled * apart)) return null;
        double lost = 10 * Math.Log10(apart / Math.Max(mixed, 1e-30));
        return FormattableString.Invariant($"its {audio.Channels.Length} channels cancel each other, and their mean is {lost:0} dB below them: ") + "take one of them";
    }

    private static float Peak(float[] samples) => samples.Length == 0 ? 0 : Math.Abs(TensorPrimitives.MaxMagnitude<float>(samples));
}
