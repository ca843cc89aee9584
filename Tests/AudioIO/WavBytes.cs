using System.Buffers.Binary;
using System.Text;

namespace FlowVocoder.Tests.AudioIO;

/// <summary>Wav files put together byte by byte.</summary>
internal static class WavBytes
{
    public const string PcmId = "0100000000001000800000AA00389B71";
    public const string FloatId = "0300000000001000800000AA00389B71";

    /// <summary>A RIFF file of chunks, with its size field right unless <paramref name="size"/> gives another.</summary>
    public static byte[] Riff(byte[][] chunks, uint? size = null, string magic = "RIFF")
    {
        byte[] body = [.. Encoding.ASCII.GetBytes("WAVE"), .. chunks.SelectMany(c => c)];
        return [.. Encoding.ASCII.GetBytes(magic), .. U32(size ?? (uint)body.Length), .. body];
    }

    /// <summary>A chunk with its padding; <paramref name="size"/> lets its header lie.</summary>
    public static byte[] Chunk(string id, byte[] body, uint? size = null) =>
        [.. Encoding.ASCII.GetBytes(id), .. U32(size ?? (uint)body.Length), .. body, .. new byte[body.Length & 1]];

    /// <summary>A plain 16-byte format chunk.</summary>
    public static byte[] Fmt(int tag, int channels, int rate, int bits, int? blockAlign = null) =>
        Chunk("fmt ", FmtBody(tag, channels, rate, bits, blockAlign));

    /// <summary>A WAVE_FORMAT_EXTENSIBLE format chunk of 40 bytes.</summary>
    public static byte[] FmtExtensible(string subFormatHex, int channels, int rate, int bits, int validBits) =>
        Chunk("fmt ",
        [
            .. FmtBody(0xFFFE, channels, rate, bits, null),
            .. U16(22), .. U16(validBits), .. U32(0), .. Convert.FromHexString(subFormatHex),
        ]);

    /// <summary>A whole file of one format chunk and one data chunk.</summary>
    public static byte[] Simple(int tag, int channels, int rate, int bits, byte[] data) =>
        Riff([Fmt(tag, channels, rate, bits), Chunk("data", data)]);

    /// <summary>16-bit samples as bytes.</summary>
    public static byte[] S16(params short[] samples) => [.. samples.SelectMany(s => U16((ushort)s))];

    public static byte[] U16(int value)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)value);
        return bytes;
    }

    public static byte[] U32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] FmtBody(int tag, int channels, int rate, int bits, int? blockAlign)
    {
        int block = blockAlign ?? channels * ((bits + 7) / 8);
        return [.. U16(tag), .. U16(channels), .. U32((uint)rate), .. U32((uint)(rate * block)), .. U16(block), .. U16(bits)];
    }
}
