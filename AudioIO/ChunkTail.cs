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
        return first + FirstOfRow(bytes.AsSpan(0, length), isAiff);
    }

    // From behind, so that every place is looked at once: one leads to the end where the next chunk that it speaks of does.
    private static int FirstOfRow(ReadOnlySpan<byte> bytes, bool isAiff)
    {
        var leads = new bool[bytes.Length + 1];
        leads[^1] = true;
        int found = bytes.Length;
        for (int at = bytes.Length - HeaderBytes; at >= 0; at--)
        {
            if (!IsKnown(bytes.Slice(at, 4), isAiff)) continue;
            ReadOnlySpan<byte> field = bytes.Slice(at + 4, 4);
            uint size = isAiff ? BinaryPrimitives.ReadUInt32BigEndian(field) : BinaryPrimitives.ReadUInt32LittleEndian(field);
            long next = at + HeaderBytes + (long)size, padded = next + (size & 1);
            // The last one may lack its padding.
            leads[at] = next == bytes.Length || (padded <= bytes.Length && leads[padded]);
            if (leads[at]) found = at;
        }
        return found;
    }
}
