using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace FlowVocoder.AudioIO;

/// <summary>What an .npy file says before its data: the type of its values, their order and their shape.</summary>
internal sealed class NpyHeader
{
    // NumPy itself refuses longer headers unless told to trust the file.
    private const int MaxBytes = 10_000;
    private const int Alignment = 64;

    private readonly long[] _shape;

    private NpyHeader(long[] shape, UInt128 count, int itemSize, bool bigEndian, bool fortranOrder, bool isInteger)
    {
        IsInteger = isInteger;
        _shape = shape;
        Count = count;
        ItemSize = itemSize;
        BigEndian = bigEndian;
        FortranOrder = fortranOrder;
    }

    private static ReadOnlySpan<byte> Magic => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Number of values; at most 2^63.</summary>
    public UInt128 Count { get; }

    /// <summary>Bytes of one value: 2, 4 or 8.</summary>
    public int ItemSize { get; }

    public bool BigEndian { get; }

    /// <summary>Whether the values are signed whole numbers of 64 bits.</summary>
    public bool IsInteger { get; }

    public bool FortranOrder { get; }

    /// <summary>Reads up to the first value. The stream must be seekable.</summary>
    /// <param name="integers">Whether whole numbers of 64 bits, as numpy counts with, are welcome too.</param>
    public static NpyHeader Read(Stream stream, string name, bool integers = false)
    {
        string text = ReadText(stream, name);
        NpyDict dict = NpyDict.Parse(text, name);
        bool isInteger = integers && dict.Descr is ("<i8" or ">i8");
        (int itemSize, bool bigEndian) = isInteger ? (8, dict.Descr[0] == '>') : ParseType(dict.Descr, name);
        return new NpyHeader(dict.Shape, CountOf(dict.Shape, name), itemSize, bigEndian, dict.FortranOrder, isInteger);
    }

    /// <summary>A version 1.0 header for little-endian float32 in C order, padded so that the data is aligned to 64 bytes.</summary>
    public static byte[] Encode(ReadOnlySpan<int> shape)
    {
        string tuple = shape.Length == 1
            ? string.Create(CultureInfo.InvariantCulture, $"({shape[0]},)")
            : $"({string.Join(", ", shape.ToArray())})";
        string dict = $"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple}, }}";
        const int prefix = 10;
        int length = (prefix + dict.Length + 1 + Alignment - 1) / Alignment * Alignment;
        var header = new byte[length];
        header.AsSpan().Fill((byte)' ');
        Magic.CopyTo(header);
        header[6] = 1;
        header[7] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), checked((ushort)(length - prefix)));
        Encoding.ASCII.GetBytes(dict, header.AsSpan(prefix));
        header[^1] = (byte)'\n';
        return header;
    }

    public string DescribeShape() => $"[{string.Join(", ", _shape)}]";

    /// <summary>The shape in 32 bits; only an empty array can have a dimension that does not fit.</summary>
    public int[] ToShape(string name) =>
        Array.ConvertAll(_shape, size => size <= int.MaxValue
            ? (int)size
            : throw new VocoderException($"'{name}' has shape {DescribeShape()}, expected dimensions up to {int.MaxValue}"));

    private static string ReadText(Stream stream, string name)
    {
        Span<byte> start = stackalloc byte[12];
        int found = InputFile.ReadFully(stream, start[..8]);
        if (found == 0)
            throw new VocoderException($"'{name}' is empty, expected an .npy file");
        if (found < 8 || !start.StartsWith(Magic))
            throw new VocoderException($"'{name}' is not an .npy file: it does not start with \\x93NUMPY");
        int major = start[6], minor = start[7];
        if (major is < 1 or > 3 || minor != 0)
            throw new VocoderException($"'{name}' has .npy version {major}.{minor}, expected 1.0, 2.0 or 3.0");
        int lengthBytes = major == 1 ? 2 : 4;
        if (InputFile.ReadFully(stream, start.Slice(8, lengthBytes)) < lengthBytes)
            throw new VocoderException($"'{name}' is truncated within its header");
        uint length = major == 1
            ? BinaryPrimitives.ReadUInt16LittleEndian(start[8..])
            : BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        long left = stream.Length - stream.Position;
        if (length > left)
            throw new VocoderException($"'{name}' is truncated: {left} bytes of header, expected {length}");
        if (length > MaxBytes)
            throw new VocoderException($"'{name}' has a header of {length} bytes, expected at most {MaxBytes}");
        var text = new byte[length];
        stream.ReadExactly(text);
        return (major == 3 ? Encoding.UTF8 : Encoding.Latin1).GetString(text);
    }

    private static (int ItemSize, bool BigEndian) ParseType(string descr, string name) => descr switch
    {
        "<f2" => (2, false),
        "<f4" => (4, false),
        "<f8" => (8, false),
        ">f2" => (2, true),
        ">f4" => (4, true),
        ">f8" => (8, true),
        _ => throw new VocoderException(
            $"'{name}' holds {KindOf(descr)} (dtype '{descr}'), expected floats (dtype <f4, <f8, <f2 or the same big-endian)"),
    };

    private static string KindOf(string descr) => descr.TrimStart('<', '>', '|', '=') switch
    {
        ['f', ..] => "floats of an unsupported width",
        ['i' or 'u', ..] => "integers",
        ['c', ..] => "complex numbers",
        ['b' or '?', ..] => "booleans",
        ['O', ..] => "Python objects",
        ['U' or 'S' or 'a', ..] => "strings",
        ['M' or 'm', ..] => "dates",
        ['[', ..] => "records",
        _ => "values of an unknown type",
    };

    private static UInt128 CountOf(long[] shape, string name)
    {
        // A zero makes the array empty, whatever the other dimensions claim.
        UInt128 count = Array.IndexOf(shape, 0) >= 0 ? 0u : 1u;
        foreach (long size in shape)
        {
            if (size < 0)
                throw new VocoderException($"'{name}' has shape [{string.Join(", ", shape)}], expected no negative dimension");
            count *= (ulong)size;
            if (count > long.MaxValue)
                throw new VocoderException($"'{name}' has shape [{string.Join(", ", shape)}], which is more than any file can hold");
        }

        return count;
    }
}
