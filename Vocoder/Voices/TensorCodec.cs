using System.Runtime.InteropServices;

namespace FlowVocoder.Voices;

/// <summary>Little-endian tensor bytes to floats and back. The host is little-endian, as every .NET target with SIMD is.</summary>
internal static class TensorCodec
{
    /// <summary>Elements converted at a time, so that a conversion never needs a second copy of the tensor.</summary>
    private const int Chunk = 16384;

    /// <summary>Reads one tensor of the given type from where the stream stands. The caller has checked the sizes.</summary>
    public static SafeTensor Read(Stream stream, TensorDtype dtype, int[] shape, int elements)
    {
        if (!dtype.IsFloat())
        {
            var raw = new byte[checked(elements * dtype.Bytes())];
            stream.ReadExactly(raw);
            return new SafeTensor(dtype, shape, raw);
        }
        var data = new float[elements];
        if (dtype == TensorDtype.F32)
        {
            ReadSingles(stream, data);
        }
        else
        {
            var buffer = new byte[Math.Min(elements, Chunk) * dtype.Bytes()];
            for (int done = 0; done < elements; done += Chunk)
            {
                var part = data.AsSpan(done, Math.Min(Chunk, elements - done));
                var bytes = buffer.AsSpan(0, part.Length * dtype.Bytes());
                stream.ReadExactly(bytes);
                Decode(dtype, bytes, part);
            }
        }
        return new SafeTensor(dtype, shape, data);
    }

    /// <summary>Writes the floats in the given floating type, rounding to nearest even.</summary>
    public static void Write(Stream stream, TensorDtype dtype, ReadOnlySpan<float> data)
    {
        int width = dtype.Bytes();
        var buffer = new byte[Math.Min(data.Length, Chunk) * width];
        for (int done = 0; done < data.Length; done += Chunk)
        {
            var part = data.Slice(done, Math.Min(Chunk, data.Length - done));
            var bytes = buffer.AsSpan(0, part.Length * width);
            Encode(dtype, part, bytes);
            stream.Write(bytes);
        }
    }

    private static void ReadSingles(Stream stream, Span<float> data)
    {
        // A byte span cannot cover more than 2 GiB, a float array can.
        for (; data.Length > 0; data = data[Math.Min(data.Length, Chunk)..])
        {
            stream.ReadExactly(MemoryMarshal.AsBytes(data[..Math.Min(data.Length, Chunk)]));
        }
    }

    private static void Decode(TensorDtype dtype, ReadOnlySpan<byte> bytes, Span<float> data)
    {
        var halves = MemoryMarshal.Cast<byte, Half>(bytes);
        var shorts = MemoryMarshal.Cast<byte, ushort>(bytes);
        var doubles = MemoryMarshal.Cast<byte, double>(bytes);
        for (int i = 0; i < data.Length; i++)
        {
            data[i] = dtype switch
            {
                TensorDtype.F16 => (float)halves[i],
                TensorDtype.BF16 => BitConverter.UInt32BitsToSingle((uint)shorts[i] << 16),
                _ => (float)doubles[i],
            };
        }
    }

    private static void Encode(TensorDtype dtype, ReadOnlySpan<float> data, Span<byte> bytes)
    {
        switch (dtype)
        {
            case TensorDtype.F32:
                MemoryMarshal.AsBytes(data).CopyTo(bytes);
                break;
            case TensorDtype.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (int i = 0; i < data.Length; i++)
                {
                    halves[i] = (Half)data[i];
                }
                break;
            default:
                var shorts = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < data.Length; i++)
                {
                    shorts[i] = ToBFloat16(data[i]);
                }
                break;
        }
    }

    private static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value))
        {
            // Rounding could carry a NaN payload into infinity; keep it a quiet NaN.
            return (ushort)((bits >> 16) | 0x40);
        }
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
