using NLayer;
using NVorbis;

namespace FlowVocoder.AudioIO;

/// <summary>Decodes mp3 files by NLayer and ogg vorbis files by NVorbis.</summary>
/// <remarks>
/// Both formats are streams of packets without a count of samples at their beginning: a file that was cut is read to the cut.
/// Of an mp3 the encoder's delay (26 to 50 ms of silence) stays at the beginning.
/// </remarks>
internal static class CompressedAudio
{
    // Samples of all channels taken at once; a multiple of 1 to 8 channels.
    private const int Block = 6720;

    // Vorbis I, 4.2.2: blocks have 64 to 8192 samples.
    private const int LongestPacket = 8192;

    /// <summary>Decodes an mp3.</summary>
    /// <exception cref="VocoderException">It is damaged or holds no samples.</exception>
    public static Audio ReadMp3(Stream stream, string name) => Decode(name, "mp3", () =>
    {
        SkipTag(stream, name);
        using var mp3 = new MpegFile(stream);
        return Collect(name, mp3.Channels, mp3.SampleRate, block => mp3.ReadSamples(block, 0, block.Length));
    });

    /// <summary>Decodes an ogg vorbis; of several streams in a file the first.</summary>
    /// <exception cref="VocoderException">It is damaged, holds no samples, or is not vorbis.</exception>
    public static Audio ReadOgg(Stream stream, string name) => Decode(name, "ogg vorbis", () =>
    {
        VorbisPackets? first = null;
        using var container = new NVorbis.Ogg.ContainerReader(stream, closeOnDispose: false)
        {
            NewStreamCallback = packets =>
            {
                first ??= new VorbisPackets(packets);
                return true;
            },
        };
        if (!container.TryInit() || first is null)
            throw new VocoderException($"cannot decode '{name}' as ogg vorbis: found no whole page, expected one with a header");
        using var ogg = new StreamDecoder(first) { ClipSamples = false };
        Audio audio = Collect(name, ogg.Channels, ogg.SampleRate, block => ogg.Read(block, 0, block.Length));
        // The last packet is as long as any; its page says how much of it is meant.
        return first.End is { } end && end > 0 && end < audio.Length && audio.Length - end < LongestPacket
            ? new Audio([.. audio.Channels.Select(channel => channel[..(int)end])], audio.SampleRate)
            : audio;
    });

    // NLayer reserves what an ID3v2 tag (its section 3.1) claims to have, up to 256 MB.
    private static void SkipTag(Stream stream, string name)
    {
        Span<byte> head = stackalloc byte[10];
        long start = stream.Position;
        bool isTag = InputFile.ReadFully(stream, head) == head.Length && head.StartsWith("ID3"u8);
        long end = start + 10 + ((head[6] & 0x7F) << 21 | (head[7] & 0x7F) << 14 | (head[8] & 0x7F) << 7 | (head[9] & 0x7F));
        if (isTag && end >= stream.Length)
            throw new VocoderException($"'{name}' is truncated: its tag ends at byte {end}, and the file at {stream.Length}");
        stream.Position = isTag ? end : start;
    }

    private static Audio Decode(string name, string format, Func<Audio> decode)
    {
        try
        {
            return decode();
        }
        catch (Exception e) when (e is not VocoderException)
        {
            // What a decoder throws at bytes that no encoder wrote is not part of its interface.
            throw new VocoderException($"cannot decode '{name}' as {format}: {e.Message.ReplaceLineEndings(" ").Trim()}", e);
        }
    }

    private static Audio Collect(string name, int channels, int rate, Func<float[], int> read)
    {
        WavHeader.CheckRange(channels, rate, name);
        var block = new float[Block / channels * channels];
        var collected = new List<float>[channels];
        for (int c = 0; c < channels; c++) collected[c] = [];
        while (read(block) is > 0 and var found)
        {
            int bad = NotFinite.IndexIn(block.AsSpan(0, found));
            if (bad >= 0)
            {
                int sample = collected[0].Count + bad / channels;
                throw new VocoderException($"'{name}' has {NotFinite.Name(block[bad])} at sample {sample}, expected finite numbers");
            }
            for (int i = 0; i < found / channels * channels; i++)
                collected[i % channels].Add(block[i]);
        }

        if (collected[0].Count == 0)
            throw new VocoderException($"'{name}' holds no samples");
        return new Audio([.. collected.Select(c => c.ToArray())], rate);
    }
}
