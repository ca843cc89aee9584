using System.Buffers.Binary;

namespace FlowVocoder.AudioIO;

/// <summary>16-bit samples as files, pipes and devices take them.</summary>
public static class Pcm16
{
    /// <summary>Rounds to the nearest of 65,536 steps, full scale ±1. What is beyond is clipped and never wraps; NaN is 0.</summary>
    public static short Of(float sample) =>
        (short)Math.Clamp(MathF.Round(sample * 32768f), short.MinValue, short.MaxValue);

    /// <summary>Writes samples as little-endian 16-bit integers.</summary>
    /// <param name="samples">Full scale is ±1.</param>
    /// <param name="bytes">Receives two bytes a sample.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ArgumentException">There is no room.</exception>
    public static int Encode(ReadOnlySpan<float> samples, Span<byte> bytes)
    {
        int size = samples.Length * sizeof(short);
        if (bytes.Length < size)
            throw new ArgumentException($"room for {bytes.Length} bytes, expected {size}", nameof(bytes));
        for (int i = 0; i < samples.Length; i++)
            BinaryPrimitives.WriteInt16LittleEndian(bytes[(sizeof(short) * i)..], Of(samples[i]));
        return size;
    }
}
