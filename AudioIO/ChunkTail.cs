using System.Buffers.Binary;

namespace FlowVocoder.AudioIO;

/// <summary>
/// Finds the chunks that lie behind samples whose number the header does not tell: a program that cannot seek back leaves the size of the
/// samples open, and may yet
/// write a title or a marker behind them, which are no sound.
/// </summary>
internal static class ChunkTail
{
    // Pictures of an album are the largest things that are found there.
    private const int Searched = 1 << 20;

    private const int HeaderBytes = 8;

    // What programs write beside the samples, four letters each.
    private static ReadOnlySpan<byte> WavChunks => "LISTid3 ID3 bextcue factfmt datasmplinstPEAKJUNKjunkPAD iXMLaxmlchnads64DISPacid_PMXumidcart"u8;

    private static ReadOnlySpan<byte> AiffChunks => "NAMEAUTHANNO(c) COMTMARKINSTAPPLMIDIAESDID3 COMMSSNDFVER"u8;

    /// <summary>Whether four bytes name a chunk that programs write.</summary>
    public static bool IsKnown(ReadOnlySpan<byte> id, bool isAiff)
    {
        ReadOnlySpan<byte> known = isAiff ? AiffChunks : WavChunks;
        for (int at = 0; at < known.Length; at += id.Length)
            if (known.Slice(at, id.Length).SequenceEqual(id)) return true;
        return false;
    }

    /// <summary>
    /// Where the first chunk behind the samples begins: from there a row of known chunks leads to the very end. That end where there is none.
    /// </summary>
    /// <param name="stream">Seekable, at the first sample, where it stays.</param>
    /// <param name="isAiff">Whether sizes are big-endian.</param>
    public static long Find(Stream stream, bool isAiff)
    {
        long samples = stream.Position, first = Math.Max(samples, stream.Length - Searched);
        stream.Position = first;
        var bytes = new byte[Math.Max(0, stream.Length - first)];
        int length = InputFile.ReadFully(stream, bytes);
        stream.Position = samples;
        for (int at = 0; at <= length - HeaderBytes; at++)
            if (IsKnown(bytes.AsSpan(at, 4), isAiff) && LeadsToTheEnd(bytes.AsSpan(at, length - at), isAiff)) return first + at;
        return first + length;
    }

    private static bool LeadsToTheEnd(ReadOnlySpan<byte> bytes, bool isAiff)
    {
        while (bytes.Length >= HeaderBytes && IsKnown(bytes[..4], isAiff))
        {
            uint size = isAiff ? BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            long next = HeaderBytes + (long)size, padded = next + (size & 1);
            // The last one may lack its padding.
            if (next == bytes.Length || padded == bytes.Length) return true;
            if (padded > bytes.Length) return false;
            bytes = bytes[(int)padded..];
        }
        return false;
    }
}
