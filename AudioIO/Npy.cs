using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FlowVocoder.AudioIO;

/// <summary>
/// NumPy's array files (numpy.lib.format, versions 1.0, 2.0 and 3.0). Reads floats of 16, 32 and 64 bits in either byte
/// order, C or Fortran order; writes version 1.0, little-endian float32, C order.
/// </summary>
public static class Npy
{
    private const int BlockValues = 8192;

    /// <summary>Reads a file as float32 in C order. A 64-bit value beyond float32 becomes infinite.</summary>
    /// <exception cref="VocoderException">
    /// The file cannot be read, is no .npy, holds something other than floats, or is shorter or longer than its shape says.
    /// </exception>
    public static NpyArray Read(string path) => InputFile.Read(path, stream => Read(stream, path));

    /// <summary>Reads a stream from its current position to its end; errors call it <paramref name="name"/>.</summary>
    /// <exception cref="VocoderException">As for <see cref="Read(string)"/>.</exception>
    public static NpyArray Read(Stream stream, string name) => Read(stream, name, integers: false);

    /// <summary>The same, with whole numbers of 64 bits where they are welcome.</summary>
    internal static NpyArray Read(Stream stream, string name, bool integers)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!stream.CanSeek)
        {
            // Memory follows what the pipe really delivers, not what its header claims.
            using var copy = new MemoryStream();
            stream.CopyTo(copy);
            copy.Position = 0;
            return Read(copy, name, integers);
        }

        NpyHeader header = NpyHeader.Read(stream, name, integers);
        var left = (UInt128)(stream.Length - stream.Position);
        UInt128 expected = header.Count * (UInt128)header.ItemSize;
        if (left != expected)
        {
            throw new VocoderException(
                $"'{name}' {(left < expected ? "is truncated" : "is too long")}: {left} bytes of data, expected {expected} for shape {header.DescribeShape()}");
        }

        if (header.Count > (UInt128)Array.MaxLength)
            throw new VocoderException($"'{name}' has {header.Count} values, expected at most {Array.MaxLength}");
        int[] shape = header.ToShape(name);
        float[] data = ReadValues(stream, header, (int)header.Count, name);
        return new NpyArray(header.FortranOrder ? ToCOrder(data, shape) : data, shape);
    }

    /// <summary>Writes a file; it appears whole or not at all (<see cref="AtomicFile"/>).</summary>
    /// <param name="path">Replaced where it exists.</param>
    /// <param name="data">The values in C order.</param>
    /// <param name="shape">The dimensions, whose product is the number of values.</param>
    /// <exception cref="VocoderException">The file cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<float> data, ReadOnlySpan<int> shape)
    {
        byte[] header = NewHeader(data, shape);
        using var file = new AtomicFile(path);
        Write(file.Stream, header, data);
        file.Commit();
    }

    /// <summary>Writes to a stream.</summary>
    public static void Write(Stream stream, ReadOnlySpan<float> data, ReadOnlySpan<int> shape)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Write(stream, NewHeader(data, shape), data);
    }

    /// <summary>Product of the dimensions, each of them 0 or more.</summary>
    internal static long Count(ReadOnlySpan<int> shape)
    {
        // A zero makes the array empty, whatever the other dimensions claim.
        long count = shape.Contains(0) ? 0 : 1;
        foreach (int size in shape)
            count = checked(count * size);
        return count;
    }

    private static byte[] NewHeader(ReadOnlySpan<float> data, ReadOnlySpan<int> shape)
    {
        if (Count(shape) != data.Length)
            throw new ArgumentException($"{data.Length} values do not fill the shape {NpyArray.Describe(shape)}", nameof(shape));
        return NpyHeader.Encode(shape);
    }

    private static void Write(Stream stream, byte[] header, ReadOnlySpan<float> data)
    {
        stream.Write(header);
        var block = new byte[BlockValues * sizeof(float)];
        while (!data.IsEmpty)
        {
            ReadOnlySpan<float> part = data[..Math.Min(BlockValues, data.Length)];
            for (int i = 0; i < part.Length; i++)
                BinaryPrimitives.WriteSingleLittleEndian(block.AsSpan(i * sizeof(float)), part[i]);
            stream.Write(block, 0, part.Length * sizeof(float));
            data = data[part.Length..];
        }
    }

    private static float[] ReadValues(Stream stream, NpyHeader header, int count, string name)
    {
        var data = new float[count];
        var block = new byte[BlockValues * header.ItemSize];
        for (int start = 0; start < count; start += BlockValues)
        {
            int values = Math.Min(BlockValues, count - start);
            Span<byte> bytes = block.AsSpan(0, values * header.ItemSize);
            if (InputFile.ReadFully(stream, bytes) < bytes.Length)
                throw new VocoderException($"'{name}' became shorter while it was read");
            Decode(bytes, header, data.AsSpan(start, values));
        }

        return data;
    }

    private static void Decode(Span<byte> bytes, NpyHeader header, Span<float> values)
    {
        if (header.BigEndian == BitConverter.IsLittleEndian)
        {
            for (int i = 0; i < values.Length; i++)
                bytes.Slice(i * header.ItemSize, header.ItemSize).Reverse();
        }

        if (header.ItemSize == sizeof(float))
        {
            MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
            return;
        }

        for (int i = 0; i < values.Length; i++)
        {
            values[i] = header.IsInteger ? MemoryMarshal.Read<long>(bytes[(i * sizeof(long))..])
                : header.ItemSize == sizeof(double)
                ? (float)MemoryMarshal.Read<double>(bytes[(i * sizeof(double))..])
                : (float)MemoryMarshal.Read<Half>(bytes[(i * 2)..]);
        }
    }

    // Walks over the result in C order; the first index strides by 1 in Fortran order.
    private static float[] ToCOrder(float[] data, int[] shape)
    {
        var result = new float[data.Length];
        var index = new int[shape.Length];
        var strides = new int[shape.Length];
        for (int d = 0, stride = 1; d < shape.Length; stride *= shape[d++])
            strides[d] = stride;
        for (int i = 0, from = 0; i < result.Length; i++)
        {
            result[i] = data[from];
            for (int d = shape.Length - 1; d >= 0; d--)
            {
                from += strides[d];
                if (++index[d] < shape[d])
                    break;
                from -= strides[d] * shape[d];
                index[d] = 0;
            }
        }

        return result;
    }
}
