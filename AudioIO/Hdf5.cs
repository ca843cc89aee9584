using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace FlowVocoder.AudioIO;

/// <summary>
/// The little of HDF5 in which h5py keeps arrays by name unless it is told otherwise: superblock 0, groups of symbols, floats in one piece.
/// Source: HDF5 File Format Specification 3.0, sections II to IV. Every address is checked before it is followed.
/// </summary>
internal sealed class Hdf5
{
    private const int MaxBytes = 1 << 24, MaxDepth = 8, MaxEntries = 1000, MaxValues = 1 << 16;
    private const int Dataspace = 1, Datatype = 3, DataLayout = 8, Continuation = 16, SymbolTable = 17;

    private readonly byte[] _file;
    private readonly string _name;
    private readonly Dictionary<string, float[]> _arrays = new(StringComparer.Ordinal);

    // Nodes and names may point to each other again and again.
    private int _entries;

    private Hdf5(byte[] file, string name) => (_file, _name) = (file, name);

    /// <summary>What an HDF5 file begins with.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'H', (byte)'D', (byte)'F', (byte)'\r', (byte)'\n', 0x1A, (byte)'\n'];

    /// <summary>Arrays of 32- and 64-bit floats in the first group of a file, whatever their shape; others are left out.</summary>
    /// <exception cref="VocoderException">The file is damaged, or of another kind than is read.</exception>
    public static IReadOnlyDictionary<string, float[]> Read(Stream stream, string name)
    {
        if (stream.Length > MaxBytes) throw new VocoderException($"'{name}' is an HDF5 file of {stream.Length} bytes, expected at most {MaxBytes}");
        byte[] bytes = new byte[(int)stream.Length];
        stream.ReadExactly(bytes);
        var file = new Hdf5(bytes, name);
        file.ReadAll();
        return file._arrays;
    }

    // Superblock 0: its version at byte 8, sizes of offsets and lengths at 13 and 14, the base address at 24, the entry of the root group at 56.
    private void ReadAll()
    {
        if (At(0, 8).SequenceEqual(Signature) && (Byte(8) != 0 || Byte(13) != 8 || Byte(14) != 8 || Number(24) != 0))
        {
            throw new VocoderException(
                $"'{_name}' is an HDF5 file with superblock {Byte(8)}, expected superblock 0, which h5py writes unless it is told otherwise");
        }
        foreach (var (type, at, _) in Messages(Number(64)))
            if (type == SymbolTable) ReadNode(Number(at), Number(Number(at + 8) + 24), MaxDepth);
    }

    // A node of the B-tree of a group: children between keys.
    private void ReadNode(long at, long names, int depth)
    {
        if (depth == 0 || ++_entries > MaxEntries || !At(at, 4).SequenceEqual("TREE"u8)) throw Damaged(at);
        int level = Byte(at + 5), count = UInt16(at + 6);
        for (int i = 0; i < count; i++)
        {
            long child = Number(at + 32 + i * 16);
            if (level > 0) ReadNode(child, names, depth - 1);
            else ReadSymbols(child, names);
        }
    }

    private void ReadSymbols(long at, long names)
    {
        if (!At(at, 4).SequenceEqual("SNOD"u8)) throw Damaged(at);
        for (int i = 0, count = UInt16(at + 6); i < count; i++)
        {
            if (++_entries > MaxEntries)
                throw new VocoderException($"'{_name}' is an HDF5 file of more than {MaxEntries} arrays, expected statistics of a mel");
            long entry = at + 8 + i * 40;
            if (Array(Number(entry + 8)) is { } array) _arrays[Text(names + Number(entry))] = array;
        }
    }

    // The values of a dataset, or null where it holds no floats in one piece.
    private float[]? Array(long header)
    {
        long count = -1, data = -1;
        int size = 0;
        foreach (var (type, at, length) in Messages(header))
        {
            if (type == Dataspace) count = Values(at);
            // Class 1 is a float; bit 0 is set where its highest byte comes first.
            if (type == Datatype && (Byte(at) & 15) == 1 && (Byte(at + 1) & 1) == 0) size = (int)UInt32(at + 4);
            // Version 3: compact, in the message itself, or contiguous elsewhere.
            if (type == DataLayout && Byte(at) == 3) data = Byte(at + 1) switch { 0 => at + 4, 1 => Number(at + 2), _ => -1 };
        }
        if (count is < 0 or > MaxValues || data < 0) return null;
        return size switch
        {
            sizeof(float) => MemoryMarshal.Cast<byte, float>(At(data, count * size)).ToArray(),
            sizeof(double) => System.Array.ConvertAll(MemoryMarshal.Cast<byte, double>(At(data, count * size)).ToArray(), value => (float)value),
            _ => null,
        };
    }

    private long Values(long at)
    {
        long count = 1;
        int version = Byte(at);
        for (int i = 0; i < Byte(at + 1) && count is >= 0 and <= MaxValues; i++)
            count *= Math.Clamp(Number(at + (version == 1 ? 8 : 4) + i * 8), -1, MaxBytes);
        return count;
    }

    // An object header of version 1, in blocks that go on elsewhere; no more messages than it counts.
    private IEnumerable<(int Type, long At, int Length)> Messages(long header)
    {
        if (Byte(header) != 1)
            throw new VocoderException($"'{_name}' is an HDF5 file with an object header of version {Byte(header)}, expected version 1, which h5py writes");
        int count = UInt16(header + 2);
        var blocks = new Queue<(long At, long Length)>([(header + 16, UInt32(header + 8))]);
        while (blocks.TryDequeue(out var block))
        {
            for (long at = block.At, end = block.At + block.Length; at + 8 <= end && count > 0; count--)
            {
                int type = UInt16(at), length = UInt16(at + 2);
                if (type == Continuation) blocks.Enqueue((Number(at + 8), Number(at + 16)));
                else yield return (type, at + 8, length);
                at += 8 + length;
            }
        }
    }

    private ReadOnlySpan<byte> At(long at, long count) =>
        at >= 0 && count >= 0 && at <= _file.Length && count <= _file.Length - at ? _file.AsSpan((int)at, (int)count) : throw Damaged(at);

    private int Byte(long at) => At(at, 1)[0];

    private int UInt16(long at) => BinaryPrimitives.ReadUInt16LittleEndian(At(at, 2));

    private long Number(long at) => BinaryPrimitives.ReadInt64LittleEndian(At(at, sizeof(long)));

    private uint UInt32(long at) => BinaryPrimitives.ReadUInt32LittleEndian(At(at, sizeof(uint)));

    private string Text(long at)
    {
        ReadOnlySpan<byte> rest = At(at, _file.Length - Math.Clamp(at, 0, _file.Length));
        int end = rest.IndexOf((byte)0);
        return end >= 0 ? Encoding.UTF8.GetString(rest[..end]) : throw Damaged(at);
    }

    private VocoderException Damaged(long at) => new($"'{_name}' is a damaged HDF5 file: found nothing of use at byte {at}");
}
