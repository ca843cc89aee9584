using System.Buffers.Binary;

namespace FlowVocoder.AudioIO;

/// <summary>
/// Reads AIFF files (Apple, "Audio Interchange File Format", 1989): integers of 8 to 32 bits, and AIFC with integers
/// in either byte order, IEEE float, A-law and µ-law. Files that were streamed are read to their end. NAudio's reader takes none of the
/// latter, finds no samples in 24 bits where their number is odd,
/// and counts the padding of 8-bit data as a sample.
/// </summary>
internal static class AiffReader
{
    /// <summary>Reads an AIFF from a stream, seekable or not, from its current position.</summary>
    /// <param name="stream">Left behind the last sample; not closed.</param>
    /// <param name="name">What errors call it, usually the file name.</param>
    /// <param name="sink">Takes the samples.</param>
    /// <exception cref="VocoderException">It is no AIFF, is damaged, or holds no samples.</exception>
    public static void Read(Stream stream, string name, IAudioSink sink)
    {
        (RiffChunks chunks, bool isAifc) = RiffChunks.OpenAiff(stream, name);
        (WavHeader Header, bool IsBigEndian, long Frames)? format = null;
        Span<byte> body = stackalloc byte[22];
        while (chunks.Next())
        {
            if (chunks.Is("COMM"u8))
                format = Parse(body[..chunks.ReadBody(body)], isAifc, name);
            else if (chunks.Is("SSND"u8))
            {
                ReadData(chunks, format ?? throw new VocoderException($"'{name}' has no COMM chunk before its data"), sink);
                return;
            }
        }

        throw new VocoderException($"'{name}' has no {(format is null ? "COMM" : "SSND")} chunk");
    }

    private static void ReadData(RiffChunks chunks, (WavHeader Header, bool IsBigEndian, long Frames) format, IAudioSink sink)
    {
        string name = chunks.Name;
        // Where the samples begin in the chunk, and a block size that only tapes cared for.
        Span<byte> start = stackalloc byte[8];
        if ((chunks.IsUnknownDataSize ? InputFile.ReadFully(chunks.Stream, start) : chunks.ReadBody(start)) < 8)
            throw new VocoderException($"'{name}': its SSND chunk has {chunks.Size} bytes, expected at least 8");
        long offset = BinaryPrimitives.ReadUInt32BigEndian(start);
        for (; offset > 0; offset--)
            if (chunks.Stream.ReadByte() < 0)
                throw new VocoderException($"'{name}' is truncated: its samples begin behind its end");
        long expected = format.Frames * format.Header.BytesPerFrame;
        // The number of frames is no better than the size.
        if (chunks.IsUnknownDataSize)
            expected = chunks.BytesOfSamples ?? long.MaxValue;
        var samples = new WavSamples(format.Header, name, sink, format.IsBigEndian);
        long found = samples.ReadAll(chunks.Stream, (ulong)expected, chunks.BytesLeft);
        if (found < expected && expected != long.MaxValue)
            throw new VocoderException($"'{name}' is truncated: its samples have {found} bytes, expected {expected}");
        if (samples.Length == 0)
            throw new VocoderException($"'{name}' holds no samples");
    }

    private static (WavHeader, bool, long) Parse(ReadOnlySpan<byte> comm, bool isAifc, string name)
    {
        int least = isAifc ? 22 : 18;
        if (comm.Length < least)
            throw new VocoderException($"'{name}': its COMM chunk has {comm.Length} bytes, expected at least {least}");
        int channels = BinaryPrimitives.ReadInt16BigEndian(comm);
        long frames = BinaryPrimitives.ReadUInt32BigEndian(comm[2..]);
        int bits = BinaryPrimitives.ReadInt16BigEndian(comm[6..]);
        double rate = Math.Round(Extended(comm.Slice(8, 10)));
        WavHeader.CheckRange(channels, rate, name);
        (SampleCoding coding, bool bigEndian) = isAifc ? CodingOf(comm.Slice(18, 4), name) : (SampleCoding.Integer, true);
        // QuickTime writes 16 bits for the laws: what they decode to.
        if (coding is SampleCoding.ALaw or SampleCoding.MuLaw)
            bits = 8;
        WavHeader.CheckBits(coding, bits, name);
        return (new WavHeader(channels, (int)rate, (bits + 7) / 8, coding), bigEndian, frames);
    }

    private static (SampleCoding Coding, bool IsBigEndian) CodingOf(ReadOnlySpan<byte> type, string name) => type switch
    {
        _ when type.SequenceEqual("NONE"u8) || type.SequenceEqual("twos"u8) => (SampleCoding.Integer, true),
        _ when type.SequenceEqual("sowt"u8) => (SampleCoding.Integer, false),
        _ when type.SequenceEqual("fl32"u8) || type.SequenceEqual("FL32"u8) => (SampleCoding.Float, true),
        _ when type.SequenceEqual("fl64"u8) || type.SequenceEqual("FL64"u8) => (SampleCoding.Float, true),
        _ when type.SequenceEqual("alaw"u8) || type.SequenceEqual("ALAW"u8) => (SampleCoding.ALaw, true),
        _ when type.SequenceEqual("ulaw"u8) || type.SequenceEqual("ULAW"u8) => (SampleCoding.MuLaw, true),
        _ => throw new VocoderException($"'{name}' is coded as {FourCc.Describe(type)}, expected PCM (NONE, twos, sowt), float (fl32, fl64), alaw or ulaw"),
    };

    /// <summary>The 80-bit float of the 68881: sign, 15 bits of exponent, 64 bits of mantissa with its leading one.</summary>
    private static double Extended(ReadOnlySpan<byte> bytes)
    {
        int head = BinaryPrimitives.ReadUInt16BigEndian(bytes);
        double value = Math.ScaleB(BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]), (head & 0x7FFF) - 16383 - 63);
        return (head & 0x8000) == 0 ? value : -value;
    }
}
