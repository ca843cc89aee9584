namespace FlowVocoder.AudioIO;

/// <summary>Reads recordings of any supported kind; the content decides, not the extension.</summary>
public static class AudioFile
{
    /// <summary>Endings under which such recordings lie, in lower case with their dots.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".wav", ".flac", ".aiff", ".aif", ".aifc", ".mp3", ".ogg", ".oga", ".opus"];

    /// <summary>
    /// Reads a wav file (<see cref="WavReader"/>), an AIFF, an mp3, an ogg vorbis or opus, or a flac file (decoded by the <c>flac</c> program).
    /// </summary>
    /// <exception cref="VocoderException">
    /// The file cannot be read, is none of them, is damaged or holds no samples, or the <c>flac</c> program is not installed.
    /// </exception>
    public static Audio Read(string path) => InputFile.Read(path, stream => Read(stream, path));

    /// <summary>The same for a file or a pipe that is open already.</summary>
    internal static Audio Read(Stream stream, string name)
    {
        using Stream seekable = SpooledStream.Of(stream, name);
        var audio = new AudioCollector(name);
        Read(seekable, name, audio);
        return audio.ToAudio();
    }

    /// <summary>The same into a sink.</summary>
    /// <param name="stream">Seekable, at the beginning of the recording; not closed.</param>
    /// <param name="name">What errors call it, usually the file name.</param>
    /// <param name="sink">Takes the samples.</param>
    internal static void Read(Stream stream, string name, IAudioSink sink)
    {
        Span<byte> magic = stackalloc byte[4];
        long start = SkipTags(stream, magic, out int found);
        if (found == 0)
            throw new VocoderException($"'{name}' is empty, expected a recording");
        if (magic.SequenceEqual("fLaC"u8))
            FlacDecoder.Read(stream, name, sink);
        else if (WavReader.IsMagic(magic))
            WavReader.Read(stream, name, sink);
        else if (magic.SequenceEqual("FORM"u8))
            AiffReader.Read(stream, name, sink);
        else if (magic.SequenceEqual("OggS"u8))
            CompressedAudio.ReadOgg(stream, name, sink);
        // The eleven ones that every frame begins with. A tag tells nothing more: where it is wrong about its length, the frames are looked for.
        else if (start > 0 || magic.StartsWith("ID3"u8) || (magic[0] == 0xFF && magic[1] >= 0xE0))
            CompressedAudio.ReadMp3(stream, name, sink);
        else
        {
            throw new VocoderException(
                $"'{name}' is no recording that can be read: it starts with {FourCc.Describe(magic[..found])}, expected wav, flac, AIFF, mp3, ogg vorbis or "
                + "opus");
        }
    }

    // Some programs put ID3 tags before recordings of any kind. Leaves the stream behind them, at the returned place, with the four bytes that are there.
    private static long SkipTags(Stream stream, Span<byte> magic, out int found)
    {
        long start = stream.Position, first = start;
        while (true)
        {
            found = InputFile.ReadFully(stream, magic);
            stream.Position = start;
            if (!magic[..found].StartsWith("ID3"u8) || Id3Tag.End(stream) is not { } end || end >= stream.Length) return start - first;
            stream.Position = start = end;
        }
    }
}
