using System.Buffers.Binary;

namespace FlowVocoder.AudioIO;

/// <summary>Walks over the chunks of a RIFF, RF64 or AIFF file, forwards only, so that pipes can be read too.</summary>
internal sealed class RiffChunks
{
    // Programs that cannot seek back leave a size that no file has: all ones (FFmpeg), or just under 2 GiB (SoX, espeak)
    // or 2 GiB (arecord), rounded down to whole frames. In AIFF SoX counts up to 0x7F000000, and FFmpeg leaves 0.
    private const uint SmallestNear2GiB = 0x7FFFF000;
    private const uint LargestNear2GiB = 0x80000000;
    private const uint SmallestNear4GiB = 0xFFFFF000;
    private const uint SmallestOfAiff = 0x7EFFF000, LargestOfAiff = 0x7F000008;

    private readonly byte[] _id = new byte[4];
    private readonly uint _riffSize;
    private readonly bool _isAiff;
    private readonly byte[] _scratch = new byte[4096];
    private long _position = 12;
    private long _bodyLeft;
    private bool _isPadded;

    private RiffChunks(Stream stream, string name, uint riffSize, bool isAiff = false)
    {
        _isAiff = isAiff;
        Stream = stream;
        Name = name;
        _riffSize = riffSize;
    }

    public Stream Stream { get; }

    public string Name { get; }

    /// <summary>The size that the current chunk claims, in bytes, without its padding.</summary>
    public uint Size { get; private set; }

    /// <summary>Bytes up to the end of the stream where it can tell, otherwise null.</summary>
    public long? BytesLeft => Stream.CanSeek ? Stream.Length - Stream.Position : null;

    /// <summary>
    /// Whether the current chunk, which must be the data, was written before its size was known. A size of 0 means
    /// that too: whether the recording is really empty, what lies behind it tells.
    /// </summary>
    public bool IsUnknownDataSize => IsPlaceholder(Size)
        || (Size == 0 && (Stream.CanSeek || IsPlaceholder(_riffSize) || _riffSize == 0 || _riffSize + 8L <= _position))
        || (_isAiff && Size is >= SmallestOfAiff and <= LargestOfAiff);

    /// <summary>Bytes of samples of an unknown number: up to the chunks behind them, or to the end. Null where the stream cannot tell.</summary>
    public long? BytesOfSamples => Stream.CanSeek ? ChunkTail.Find(Stream, _isAiff) - Stream.Position : null;

    /// <summary>Reads the file's own header.</summary>
    public static RiffChunks Open(Stream stream, string name)
    {
        Span<byte> header = stackalloc byte[12];
        int found = InputFile.ReadFully(stream, header);
        if (found == 0)
            throw new VocoderException($"'{name}' is empty, expected a wav file");
        if (found < 12)
            throw new VocoderException($"'{name}' is not a wav file: it has {found} bytes, expected at least 44");
        if (header.StartsWith("RIFX"u8))
            throw new VocoderException($"'{name}' is a big-endian wav file (RIFX), expected RIFF");
        if (!WavReader.IsMagic(header[..4]) || !header[8..].SequenceEqual("WAVE"u8))
        {
            throw new VocoderException(
                $"'{name}' is not a wav file: it starts with {FourCc.Describe(header[..4])} and {FourCc.Describe(header[8..])}, expected \"RIFF\" and "
                + "\"WAVE\"");
        }

        return new RiffChunks(stream, name, BinaryPrimitives.ReadUInt32LittleEndian(header[4..]));
    }

    /// <summary>Reads the header of an AIFF file; whether it is an AIFC, which names its coding.</summary>
    public static (RiffChunks Chunks, bool IsAifc) OpenAiff(Stream stream, string name)
    {
        Span<byte> header = stackalloc byte[12];
        int found = InputFile.ReadFully(stream, header);
        bool isAifc = header[8..].SequenceEqual("AIFC"u8);
        if (!header.StartsWith("FORM"u8) || !(isAifc || header[8..].SequenceEqual("AIFF"u8)))
        {
            throw new VocoderException(
                $"'{name}' is not an AIFF file: it starts with {FourCc.Describe(header[..Math.Min(found, 4)])} and "
                + $"{FourCc.Describe(header[8..])}, expected \"FORM\" and \"AIFF\" or \"AIFC\"");
        }

        return (new RiffChunks(stream, name, BinaryPrimitives.ReadUInt32BigEndian(header[4..]), isAiff: true), isAifc);
    }

    /// <summary>Goes to the next chunk; false at the end of the file.</summary>
    public bool Next()
    {
        byte padding = 0;
        if (!SkipBody(ref padding))
            return false;
        Span<byte> header = stackalloc byte[8];
        if (InputFile.ReadFully(Stream, header) < header.Length)
            return false;
        MendPadding(header, padding);
        header[..4].CopyTo(_id);
        Size = _isAiff ? BinaryPrimitives.ReadUInt32BigEndian(header[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        _isPadded = (Size & 1) != 0;
        _bodyLeft = Size + (Size & 1L);
        _position += header.Length;
        return true;
    }

    public bool Is(ReadOnlySpan<byte> id) => id.SequenceEqual(_id);

    /// <summary>Reads the beginning of the chunk's body, as far as it and the buffer go.</summary>
    public int ReadBody(Span<byte> buffer)
    {
        int wanted = (int)Math.Min(buffer.Length, Size);
        int found = InputFile.ReadFully(Stream, buffer[..wanted]);
        _bodyLeft -= found;
        _position += found;
        return found;
    }

    private static bool IsPlaceholder(uint size) =>
        size is (>= SmallestNear2GiB and <= LargestNear2GiB) or >= SmallestNear4GiB;

    // Some writers leave out the padding of an odd chunk, and what was taken for it is the first letter of the next one.
    private void MendPadding(Span<byte> header, byte padding)
    {
        ReadOnlySpan<byte> unpadded = [padding, .. header[..3]];
        if (!_isPadded || !Stream.CanSeek || ChunkTail.IsKnown(header[..4], _isAiff) || !ChunkTail.IsKnown(unpadded, _isAiff))
            return;
        header[..7].CopyTo(header[1..]);
        header[0] = padding;
        Stream.Position--;
        _position--;
    }

    // Leaves the last byte in padding.
    private bool SkipBody(ref byte padding)
    {
        while (_bodyLeft > 0)
        {
            int read = Stream.Read(_scratch, 0, (int)Math.Min(_bodyLeft, _scratch.Length));
            if (read == 0)
                return false;
            padding = _scratch[read - 1];
            _bodyLeft -= read;
            _position += read;
        }

        return true;
    }
}
