using System.Buffers.Binary;
using Concentus;
using NVorbis.Contracts;

namespace FlowVocoder.AudioIO;

/// <summary>
/// Samples of the opus packets of an ogg stream (RFC 7845), by Concentus, at 48 kHz as opus always plays: what the encoder wants to be skipped at the
/// beginning is, and the gain of the header is applied.
/// </summary>
internal sealed class OpusPackets
{
    /// <summary>Samples per second and channel, whatever rate the encoder was given.</summary>
    public const int SampleRate = 48_000;

    /// <summary>Samples per channel of the longest packet, 120 ms (RFC 6716, 3.2.5).</summary>
    public const int LongestPacket = 5760;

    // RFC 6716, 3.4: 1275 bytes a frame, of 48 frames at most, with their lengths.
    private const int MaxBytes = 61_440;

    private readonly IPacketProvider _packets;
    private readonly Func<ReadOnlyMemory<byte>, float[], int> _decode;
    private readonly float _gain;
    private readonly float[] _samples;
    private readonly byte[] _bytes = new byte[MaxBytes];
    private int _next, _ready, _skip;

    /// <summary>Reads the header.</summary>
    /// <param name="packets">At the first packet of the stream.</param>
    /// <param name="name">What errors call the file.</param>
    /// <exception cref="VocoderException">The header is none, or of a later version.</exception>
    public OpusPackets(IPacketProvider packets, string name)
    {
        _packets = packets;
        int length = Next(out _);
        ReadOnlySpan<byte> head = _bytes.AsSpan(0, Math.Max(0, length));
        if (head.Length < 19 || !IsHead(head)) throw new VocoderException($"'{name}' has an opus header of {head.Length} bytes, expected at least 19");
        if (head[8] > 15) throw new VocoderException($"'{name}' has an opus header of version {head[8] >> 4}, expected 0");
        Channels = head[9];
        WavHeader.CheckRange(Channels, SampleRate, name);
        Skip = _skip = BinaryPrimitives.ReadUInt16LittleEndian(head[10..]);
        // 256ths of a decibel.
        _gain = (float)Math.Pow(10, BinaryPrimitives.ReadInt16LittleEndian(head[16..]) / (20.0 * 256));
        _samples = new float[LongestPacket * Channels];
        _decode = Decoder(head, name);
        // The tags.
        Next(out _);
    }

    /// <summary>Channels, 1 … 8.</summary>
    public int Channels { get; }

    /// <summary>Samples per channel that are skipped at the beginning.</summary>
    public int Skip { get; }

    /// <summary>Samples per channel of the stream according to its last page, where that has come and says so.</summary>
    public long? End { get; private set; }

    /// <summary>Whether a first packet is the header of opus.</summary>
    public static bool IsHead(ReadOnlySpan<byte> packet) => packet.StartsWith("OpusHead"u8);

    /// <summary>Decodes on.</summary>
    /// <param name="block">Receives samples of all channels, interleaved.</param>
    /// <returns>How many; 0 at the end.</returns>
    public int Read(float[] block)
    {
        while (_next == _ready)
        {
            int length = Next(out long? end);
            if (length < 0) return 0;
            End = end - Skip ?? End;
            int frames = length == 0 ? 0 : _decode(_bytes.AsMemory(0, length), _samples);
            int skipped = Math.Min(_skip, frames);
            (_skip, _next, _ready) = (_skip - skipped, skipped * Channels, frames * Channels);
        }
        int count = Math.Min(block.Length, _ready - _next);
        for (int i = 0; i < count; i++) block[i] = _samples[_next + i] * _gain;
        _next += count;
        return count;
    }

    // RFC 7845, 5.1.1: family 0 is mono or stereo, the others say how their channels are coded.
    private Func<ReadOnlyMemory<byte>, float[], int> Decoder(ReadOnlySpan<byte> head, string name)
    {
        // A copy of the library somewhere on the computer might be any version.
        OpusCodecFactory.AttemptToUseNativeLibrary = false;
        if (head[18] == 0)
        {
            if (Channels > 2) throw new VocoderException($"'{name}' has {Channels} channels without an order of them, expected 1 or 2");
            IOpusDecoder decoder = OpusCodecFactory.CreateDecoder(SampleRate, Channels);
            return (bytes, samples) => decoder.Decode(bytes.Span, samples, LongestPacket, false);
        }
        if (head.Length < 21 + Channels) throw new VocoderException($"'{name}' has an opus header of {head.Length} bytes, expected {21 + Channels}");
        IOpusMultiStreamDecoder several = OpusCodecFactory.CreateMultiStreamDecoder(SampleRate, Channels, head[19], head[20],
            head.Slice(21, Channels).ToArray());
        return (bytes, samples) => several.DecodeMultistream(bytes.Span, samples, LongestPacket, false);
    }

    // Bytes of the next packet, -1 at the end; and where its page ends, where it is the last.
    private int Next(out long? end)
    {
        end = null;
        if (_packets.GetNextPacket() is not { } packet) return -1;
        int length = 0;
        while (length < MaxBytes)
        {
            ulong bits = packet.TryPeekBits(8, out int found);
            if (found < 8) break;
            packet.SkipBits(8);
            _bytes[length++] = (byte)bits;
        }
        if (packet.IsEndOfStream) end = packet.GranulePosition;
        packet.Done();
        return length;
    }
}
