namespace FlowVocoder.AudioIO;

/// <summary>Reads recordings of any supported kind; the content decides, not the extension.</summary>
public static class AudioFile
{
    /// <summary>Endings under which such recordings lie, in lower case with their dots.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".wav", ".flac", ".aiff", ".aif", ".aifc", ".mp3", ".ogg", ".oga"];

    /// <summary>
    /// Reads a wav file (<see cref="WavReader"/>), an AIFF, an mp3, an ogg vorbis, or a flac file (decoded by the <c>flac</c> program).
    /// </summary>
    /// <exception cref="VocoderException">
    /// The file cannot be read, is none of them, is damaged or holds no samples, or the <c>flac</c> program is not installed.
    /// </exception>
    public static Audio Read(string path) => InputFile.Read(path, stream => Read(stream, path));

    /// <summary>The same for a file (or a pipe, which no flac may come from) that is open already.</summary>
    internal static Audio Read(Stream stream, string path)
    {
        using Stream seekable = Seekable(stream);
        Span<byte> magic = stackalloc byte[4];
        int found = InputFile.ReadFully(seekable, magic);
        if (found == 0)
            throw new VocoderException($"'{path}' is empty, expected a recording");
        if (magic.SequenceEqual("fLaC"u8))
        {
            return stream.CanSeek
                ? FlacDecoder.Read(path)
                : throw new VocoderException($"'{path}' is a flac in a pipe, expected a file or a wav");
        }

        seekable.Position = 0;
        if (WavReader.IsMagic(magic))
            return WavReader.Read(seekable, path);
        if (magic.SequenceEqual("FORM"u8))
            return AiffReader.Read(seekable, path);
        if (magic.SequenceEqual("OggS"u8))
            return CompressedAudio.ReadOgg(seekable, path);
        // A tag, or the eleven ones that every frame begins with.
        if (magic.StartsWith("ID3"u8) || (magic[0] == 0xFF && magic[1] >= 0xE0))
            return CompressedAudio.ReadMp3(seekable, path);
        throw new VocoderException(
            $"'{path}' is no recording that can be read: it starts with {FourCc.Describe(magic[..found])}, expected wav, flac, AIFF, mp3 or ogg vorbis");
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
