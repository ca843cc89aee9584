namespace FlowVocoder.AudioIO;

/// <summary>Writes whole wav files.</summary>
public static class WavFile
{
    /// <summary>Writes mono samples; the file appears whole or not at all (<see cref="AtomicFile"/>).</summary>
    /// <param name="path">Replaced where it exists.</param>
    /// <param name="samples">Full scale is ±1; finite.</param>
    /// <param name="sampleRate">Samples per second, positive.</param>
    /// <param name="format">The default value is <see cref="WavFormat.Pcm16"/>.</param>
    /// <exception cref="VocoderException">The file cannot be written, or a sample is NaN or infinite.</exception>
    public static void Write(string path, ReadOnlySpan<float> samples, int sampleRate, WavFormat format = WavFormat.Pcm16)
    {
        int bad = NotFinite.IndexIn(samples);
        if (bad >= 0)
            throw new VocoderException($"cannot write '{path}': sample {bad} is {NotFinite.Name(samples[bad])}, expected finite numbers");
        using var file = new AtomicFile(path);
        using (var writer = new WavWriter(file.Stream, sampleRate, format))
            writer.Write(samples);
        file.Commit();
    }
}
