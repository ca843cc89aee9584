namespace FlowVocoder.AudioIO;

/// <summary>The tag that players put before an mp3, and some before anything. Source: ID3 tag version 2.4.0, section 3.1.</summary>
internal static class Id3Tag
{
    private const int HeaderBytes = 10, FooterFlag = 0x10;

    /// <summary>Where the tag ends that begins where the stream is, which stays there; it may claim to end beyond the file. Null without a tag.</summary>
    public static long? End(Stream stream)
    {
        Span<byte> head = stackalloc byte[HeaderBytes];
        long start = stream.Position;
        bool isTag = InputFile.ReadFully(stream, head) == head.Length && head.StartsWith("ID3"u8);
        stream.Position = start;
        int size = (head[6] & 0x7F) << 21 | (head[7] & 0x7F) << 14 | (head[8] & 0x7F) << 7 | (head[9] & 0x7F);
        return isTag ? start + HeaderBytes + size + ((head[5] & FooterFlag) != 0 ? HeaderBytes : 0) : null;
    }
}
