using System.Buffers.Binary;

namespace FlowVocoder.AudioIO;

/// <summary>How the samples of a wav file are stored.</summary>
/// <param name="Channels">1 to 8, interleaved.</param>
/// <param name="SampleRate">Samples per second and channel.</param>
/// <param name="BytesPerSample">Of one channel: 1 to 4 for integers, 4 or 8 for floats, 1 for A-law and µ-law.</param>
/// <param name="Coding">What the bytes of a sample mean.</param>
internal readonly record struct WavHeader(int Channels, int SampleRate, int BytesPerSample, SampleCoding Coding)
{
    private const int PcmTag = 1;
    private const int FloatTag = 3;
    private const int ALawTag = 6;
    private const int MuLawTag = 7;
    private const int ExtensibleTag = 0xFFFE;
    private const int MaxChannels = 8;
    private const uint MaxSampleRate = 768_000;

    // Below that there is no speech, but a header that is wrong; brought to the rate of a voice, a file of it would grow beyond all bounds.
    private const uint MinSampleRate = 1_000;

    /// <summary>Bytes of one sample of every channel.</summary>
    public int BytesPerFrame => Channels * BytesPerSample;

    // KSDATAFORMAT_SUBTYPE_*: the old format tag, then these 14 bytes (mmreg.h).
    private static ReadOnlySpan<byte> SubFormatTail => [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

    /// <summary>Parses the body of a <c>fmt </c> chunk (the first 40 bytes suffice).</summary>
    /// <exception cref="VocoderException">It is too short, or says something that we cannot read.</exception>
    public static WavHeader Parse(ReadOnlySpan<byte> fmt, string name)
    {
        if (fmt.Length < 16)
            throw new VocoderException($"'{name}': its fmt chunk has {fmt.Length} bytes, expected at least 16");
        int tag = BinaryPrimitives.ReadUInt16LittleEndian(fmt);
        int channels = BinaryPrimitives.ReadUInt16LittleEndian(fmt[2..]);
        uint rate = BinaryPrimitives.ReadUInt32LittleEndian(fmt[4..]);
        int frame = BinaryPrimitives.ReadUInt16LittleEndian(fmt[12..]);
        int bits = BinaryPrimitives.ReadUInt16LittleEndian(fmt[14..]);
        if (tag == ExtensibleTag)
            tag = SubFormat(fmt, name);

        SampleCoding coding = tag switch
        {
            PcmTag => SampleCoding.Integer,
            FloatTag => SampleCoding.Float,
            ALawTag => SampleCoding.ALaw,
            MuLawTag => SampleCoding.MuLaw,
            _ => throw new VocoderException(
                $"'{name}' is coded as {CodecName(tag)}, expected PCM (0x0001), IEEE float (0x0003), A-law (0x0006) or µ-law (0x0007);"
                + " convert it: ffmpeg -i IN.wav -c:a pcm_s16le OUT.wav, or sox IN.wav -e signed-integer -b 16 OUT.wav"),
        };
        CheckRange(channels, rate, name);
        // Widths between whole bytes (12 or 20 bits) fill the high bits of the next whole byte, so they need no care.
        int bytes = (bits + 7) / 8;
        CheckBits(coding, bits, name);
        if (frame != channels * bytes)
            throw new VocoderException($"'{name}' has a block of {frame} bytes, expected {channels * bytes} for {channels} channels of {bits} bits");
        return new WavHeader(channels, (int)rate, bytes, coding);
    }

    /// <summary>Refuses what no recording has; for the other formats too.</summary>
    /// <exception cref="VocoderException">Channels or rate are out of range.</exception>
    public static void CheckRange(int channels, double rate, string name)
    {
        if (channels is < 1 or > MaxChannels)
            throw new VocoderException($"'{name}' has {channels} channels, expected 1 to {MaxChannels}");
        if (rate is not (>= MinSampleRate and <= MaxSampleRate))
            throw new VocoderException(FormattableString.Invariant($"'{name}' has a sample rate of {rate} Hz, expected {MinSampleRate} to {MaxSampleRate}"));
    }

    /// <summary>Refuses widths that a coding does not have.</summary>
    /// <exception cref="VocoderException">It has others.</exception>
    public static void CheckBits(SampleCoding coding, int bits, string name)
    {
        (string what, bool good, string expected) = coding switch
        {
            SampleCoding.Integer => ("PCM", bits is >= 1 and <= 32, "8, 16, 24 or 32"),
            SampleCoding.Float => ("float", bits is 32 or 64, "32 or 64"),
            SampleCoding.ALaw => ("A-law", bits == 8, "8"),
            _ => ("µ-law", bits == 8, "8"),
        };
        if (!good)
            throw new VocoderException($"'{name}' has {bits} bits per {what} sample, expected {expected}");
    }

    private static int SubFormat(ReadOnlySpan<byte> fmt, string name)
    {
        if (fmt.Length < 40)
            throw new VocoderException($"'{name}': its extensible fmt chunk has {fmt.Length} bytes, expected at least 40");
        ReadOnlySpan<byte> id = fmt.Slice(24, 16);
        if (!id[2..].SequenceEqual(SubFormatTail))
            throw new VocoderException($"'{name}' is coded as {new Guid(id)}, expected PCM or IEEE float");
        return BinaryPrimitives.ReadUInt16LittleEndian(id);
    }

    private static string CodecName(int tag)
    {
        string name = tag switch
        {
            0x0002 => "Microsoft ADPCM",
            0x0011 => "IMA ADPCM",
            0x0031 => "GSM 6.10",
            0x0050 => "MPEG",
            0x0055 => "MP3",
            0x00FF or 0x1610 => "AAC",
            _ => "an unknown codec",
        };
        return $"{name} (tag 0x{tag:X4})";
    }
}
