using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace FlowVocoder.Voices.Pickle;

/// <summary>The bytes of a pickle: literals whose lengths are checked against what is left before they are read.</summary>
internal sealed class PickleReader(Stream stream, long end, string file)
{
    private const int LongestLine = 1000;

    public VocoderException Bad(string what) => new($"{file}: byte {stream.Position} of the pickle: {what}");

    public byte Byte()
    {
        int value = stream.Position < end ? stream.ReadByte() : -1;
        return value >= 0 ? (byte)value : throw Bad("found the end of the data, expected more: the file is cut short");
    }

    public byte[] Bytes(ulong count)
    {
        if (count > (ulong)Math.Max(0, end - stream.Position) || count > (ulong)Array.MaxLength)
        {
            throw Bad($"found a length of {count} bytes, expected at most the {Math.Max(0, end - stream.Position)} left: the file is damaged or cut short");
        }
        var bytes = new byte[(int)count];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Bytes(4));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8));

    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Bytes(8));

    public string Text(ulong count) => Encoding.UTF8.GetString(Bytes(count));

    /// <summary>Strings of Python 2 are bytes; its dict keys are ASCII.</summary>
    public string Latin1(ulong count) => Encoding.Latin1.GetString(Bytes(count));

    /// <summary>Text up to a line feed.</summary>
    public string Line()
    {
        var line = new StringBuilder();
        for (byte c = Byte(); c != '\n'; c = Byte())
        {
            if (line.Length == LongestLine)
            {
                throw Bad($"found a line of over {LongestLine} bytes, expected the name of a class");
            }
            line.Append((char)c);
        }
        return line.ToString();
    }

    /// <summary>A two's complement integer of any size: a long where it fits.</summary>
    public object Integer(ulong count)
    {
        var value = new BigInteger(Bytes(count));
        return value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;
    }
}
