using System.Runtime.InteropServices;
using NLayer;
using NVorbis;

namespace FlowVocoder.AudioIO;

/// <summary>Decodes mp3 files by NLayer, ogg vorbis files by NVorbis and ogg opus files by Concentus.</summary>
/// <remarks>
/// These formats are streams of packets without a count of samples at their beginning: a file that was cut is read to the cut.
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
    public static void ReadMp3(Stream stream, string name, IAudioSink sink) => Decode(name, "mp3", () =>
    {
        SkipTag(stream, name);
        using var mp3 = new MpegFile(stream);
        PassOn(name, mp3.Channels, mp3.SampleRate, block => mp3.ReadSamples(block, 0, block.Length), sink);
    });

    /// <summary>Decodes an ogg vorbis or ogg opus; of several streams in a file the first.</summary>
    /// <exception cref="VocoderException">It is damaged, holds no samples, or is neither.</exception>
    public static void ReadOgg(Stream stream, string name, IAudioSink sink)
    {
        if (IsOpus(stream)) ReadOpus(stream, name, sink);
        else ReadVorbis(stream, name, sink);
    }

    private static void ReadVorbis(Stream stream, string name, IAudioSink sink) => Decode(name, "ogg vorbis", () =>
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
        PassOn(name, ogg.Channels, ogg.SampleRate, block => ogg.Read(block, 0, block.Length), sink, LongestPacket, () => first.End);
    });

    private static void ReadOpus(Stream stream, string name, IAudioSink sink) => Decode(name, "ogg opus", () =>
    {
        NVorbis.Contracts.IPacketProvider? first = null;
        using var container = new NVorbis.Ogg.ContainerReader(stream, closeOnDispose: false)
        {
            NewStreamCallback = packets =>
            {
                first ??= packets;
                return true;
            },
        };
        if (!container.TryInit() || first is null)
            throw new VocoderException($"cannot decode '{name}' as ogg opus: found no whole page, expected one with a header");
        var opus = new OpusPackets(first, name);
        PassOn(name, opus.Channels, OpusPackets.SampleRate, opus.Read, sink, OpusPackets.LongestPacket, () => opus.End);
    });

    // The first page holds the first packet alone, behind a header of 28 bytes.
    private static bool IsOpus(Stream stream)
    {
        const int Header = 28, Word = 8;
        long start = stream.Position;
        Span<byte> bytes = stackalloc byte[Header + Word];
        int found = InputFile.ReadFully(stream, bytes);
        stream.Position = start;
        return OpusPackets.IsHead(bytes[Math.Min(found, Header)..found]);
    }

    // NLayer reserves what an ID3v2 tag claims to have, up to 256 MB.
    private static void SkipTag(Stream stream, string name)
    {
        if (Id3Tag.End(stream) is not { } end) return;
        if (end >= stream.Length)
            throw new VocoderException($"'{name}' is truncated: its tag ends at byte {end}, and the file at {stream.Length}");
        stream.Position = end;
    }

    private static void Decode(string name, string format, Action decode)
    {
        try
        {
            decode();
        }
        catch (Exception e) when (e is not (VocoderException or OperationCanceledException))
        {
            // What a decoder throws at bytes that no encoder wrote is not part of its interface.
            throw new VocoderException($"cannot decode '{name}' as {format}: {e.Message.ReplaceLineEndings(" ").Trim()}", e);
        }
    }

    // The last frames are held back until it is known how many of them are meant: the last packet is as long as any, and its page says where it ends.
    private static void PassOn(string name, int channels, int rate, Func<float[], int> read, IAudioSink sink, int held = 0, Func<long?>? end = null)
    {
        WavHeader.CheckRange(channels, rate, name);
        sink.Begin(channels, rate, null);
        var block = new float[Block / channels * channels];
        var waiting = new List<float>();
        long decoded = 0;
        while (read(block) is > 0 and var found)
        {
            int bad = NotFinite.IndexIn(block.AsSpan(0, found));
            if (bad >= 0)
                throw new VocoderException($"'{name}' has {NotFinite.Name(block[bad])} at sample {decoded + (bad / channels)}, expected finite numbers");
            int frames = found / channels;
            waiting.AddRange(block.AsSpan(0, frames * channels));
            decoded += frames;
            int ready = Math.Max(0, waiting.Count - (held * channels));
            sink.Write(CollectionsMarshal.AsSpan(waiting)[..ready]);
            waiting.RemoveRange(0, ready);
        }

        if (decoded == 0)
            throw new VocoderException($"'{name}' holds no samples");
        if (end?.Invoke() is { } last && last > 0 && last < decoded && decoded - last < held)
            waiting.RemoveRange(waiting.Count - ((int)(decoded - last) * channels), (int)(decoded - last) * channels);
        sink.Write(CollectionsMarshal.AsSpan(waiting));
    }
}
