namespace FlowVocoder.AudioIO;

/// <summary>Reads recordings of any supported kind; the content decides, not the extension.</summary>
public static class AudioFile
{
    /// <summary>Reads a wav file (<see cref="WavReader"/>) or a flac file (decoded by the <c>flac</c> program).</summary>
    /// <exception cref="VocoderException">
    /// The file cannot be read, is neither, is damaged or holds no samples, or the <c>flac</c> program is not installed.
    /// </exception>
    public static Audio Read(string path) => InputFile.Read(path, stream => Read(stream, path));

    /// <summary>The same for a file (or a pipe, which only a wav may come from) that is open already.</summary>
    internal static Audio Read(Stream stream, string path)
    {
        using Stream seekable = Seekable(stream);
        Span<byte> magic = stackalloc byte[4];
        int found = InputFile.ReadFully(seekable, magic);
        if (found == 0)
            throw new VocoderException($"'{path}' is empty, expected a wav or flac file");
        if (magic.SequenceEqual("fLaC"u8))
        {
            return stream.CanSeek
                ? FlacDecoder.Read(path)
                : throw new VocoderException($"'{path}' is a flac in a pipe, expected a file or a wav");
        }

        if (!WavReader.IsMagic(magic))
        {
            throw new VocoderException(
                $"'{path}' is neither a wav nor a flac file: it starts with {FourCc.Describe(magic[..found])}, expected RIFF or fLaC");
        }

        seekable.Position = 0;
        return WavReader.Read(seekable, path);
    }

    private static Stream Seekable(Stream stream)
    {
        if (stream.CanSeek)
            return stream;
        var copy = new MemoryStream();
        stream.CopyTo(copy);
        copy.Position = 0;
        return copy;
    }
}
