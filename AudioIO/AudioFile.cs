namespace FlowVocoder.AudioIO;

/// <summary>Reads recordings of any supported kind; the content decides, not the extension.</summary>
public static class AudioFile
{
    /// <summary>Reads a wav file (<see cref="WavReader"/>) or a flac file (decoded by the <c>flac</c> program).</summary>
    /// <exception cref="VocoderException">
    /// The file cannot be read, is neither, is damaged or holds no samples, or the <c>flac</c> program is not installed.
    /// </exception>
    public static Audio Read(string path) => InputFile.Read(path, stream =>
    {
        Span<byte> magic = stackalloc byte[4];
        int found = InputFile.ReadFully(stream, magic);
        if (found == 0)
            throw new VocoderException($"'{path}' is empty, expected a wav or flac file");
        if (magic.SequenceEqual("fLaC"u8))
            return FlacDecoder.Read(path);
        if (!WavReader.IsMagic(magic))
        {
            throw new VocoderException(
                $"'{path}' is neither a wav nor a flac file: it starts with {FourCc.Describe(magic[..found])}, expected RIFF or fLaC");
        }

        stream.Position = 0;
        return WavReader.Read(stream, path);
    });
}
