namespace FlowVocoder.AudioIO;

/// <summary>A recording as everything here takes it: mono, at one rate, and of numbers that can be computed with.</summary>
public sealed class Recording
{
    /// <summary>
    /// Largest magnitude of a sample, 2^32: 32-bit integers that somebody wrote as floats are still below it, and the power of a window of such samples is no
    /// more than a float holds.
    /// </summary>
    public const float Loudest = 4294967296f;

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
        using var source = new RecordingSource(path, sampleRate);
        return Read(source);
    }

    /// <summary>Reads all of a recording.</summary>
    /// <exception cref="VocoderException">As for a file; or it is longer than an array can be.</exception>
    public static Recording Read(RecordingSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        float[] samples = [];
        int count = 0;
        source.ReadThrough((piece, expected) =>
        {
            long needed = (long)count + piece.Length;
            if (needed > Array.MaxLength) throw new VocoderException($"the recording has more than {Array.MaxLength} samples, expected fewer to hold at once");
            if (needed > samples.Length) Array.Resize(ref samples, (int)Math.Min(Array.MaxLength, Math.Max(needed, Math.Max(2L * count, expected ?? 0))));
            piece.CopyTo(samples.AsSpan(count));
            count += piece.Length;
        });
        Array.Resize(ref samples, count);
        return new Recording(samples, source.SampleRate, source.Changes, source.Warning);
    }
}
