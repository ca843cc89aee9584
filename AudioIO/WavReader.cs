using System.Buffers.Binary;

namespace FlowVocoder.AudioIO;

/// <summary>
/// Reads RIFF wave files: PCM of 8 (unsigned), 16, 24 and 32 bits, IEEE float of 32 and 64 bits,
/// A-law and µ-law, plain or WAVE_FORMAT_EXTENSIBLE, 1 to 8 channels, RIFF, RF64 (EBU Tech 3306) or BW64 (ITU-R BS.2088), in any order of
/// chunks that puts the format before the data. Files that were streamed, whose header could not know the length, are read to their end, or to the
/// chunks behind their samples.
/// </summary>
/// <remarks>
/// Integers are scaled by 2^(bits-1), so full scale is ±1 and 16-bit samples survive <see cref="WavWriter"/> unchanged.
/// Memory follows the bytes that are there, never the sizes that the header claims.
/// </remarks>
public static class WavReader
{
    /// <summary>Reads a wav file.</summary>
    /// <exception cref="VocoderException">The file cannot be read, is no wav, is damaged, or holds no samples.</exception>
    public static Audio Read(string path) => InputFile.Read(path, stream => Read(stream, path));

    /// <summary>Reads a wav from a stream, seekable or not, from its current position.</summary>
    /// <param name="stream">Left behind the last sample; not closed.</param>
    /// <param name="name">What errors call it, usually the file name.</param>
    /// <exception cref="VocoderException">It is no wav, is damaged, or holds no samples.</exception>
    public static Audio Read(Stream stream, string name)
    {
        var audio = new AudioCollector(name);
        Read(stream, name, audio);
        return audio.ToAudio();
    }

    /// <summary>The same into a sink.</summary>
    internal static void Read(Stream stream, string name, IAudioSink sink)
    {
        ArgumentNullException.ThrowIfNull(stream);
        var chunks = RiffChunks.Open(stream, name);
        WavHeader? header = null;
        ulong? rf64Size = null;
        Span<byte> body = stackalloc byte[40];
        while (chunks.Next())
        {
            if (chunks.Is("fmt "u8))
                header = WavHeader.Parse(body[..chunks.ReadBody(body)], name);
            else if (chunks.Is("ds64"u8) && chunks.ReadBody(body) >= 16)
                rf64Size = BinaryPrimitives.ReadUInt64LittleEndian(body[8..]);
            else if (chunks.Is("data"u8))
            {
                ReadData(chunks, header, rf64Size, sink);
                return;
            }
        }

        throw new VocoderException($"'{name}' has no {(header is null ? "fmt" : "data")} chunk");
    }

    /// <summary>Whether four bytes open a wav file (or a big-endian one, which <see cref="Read(Stream, string)"/> refuses).</summary>
    internal static bool IsMagic(ReadOnlySpan<byte> magic) =>
        magic.SequenceEqual("RIFF"u8) || magic.SequenceEqual("RF64"u8) || magic.SequenceEqual("BW64"u8) || magic.SequenceEqual("RIFX"u8);

    private static void ReadData(RiffChunks chunks, WavHeader? header, ulong? rf64Size, IAudioSink sink)
    {
        string name = chunks.Name;
        WavHeader format = header ?? throw new VocoderException($"'{name}' has no fmt chunk before its data");
        // A size of 0 in ds64 was never filled in.
        ulong? expected = !chunks.IsUnknownDataSize ? chunks.Size : rf64Size is > 0 ? rf64Size : (ulong?)chunks.BytesOfSamples;
        var samples = new WavSamples(format, name, sink);
        long found = samples.ReadAll(chunks.Stream, expected, chunks.BytesLeft);
        if (expected is { } bytes && (ulong)found < bytes)
            throw new VocoderException($"'{name}' is truncated: its data chunk has {found} bytes, expected {bytes}");
        if (samples.Length == 0)
            throw new VocoderException($"'{name}' holds no samples");
    }
}
