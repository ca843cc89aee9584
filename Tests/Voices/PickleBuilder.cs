using System.IO.Compression;
using System.Text;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

/// <summary>Writes pickles of one dict by hand, opcode by opcode, and puts them into the zip that torch.save would write.</summary>
internal sealed class PickleBuilder
{
    private readonly MemoryStream _pickle = new();

    public PickleBuilder(bool asDict = true)
    {
        Byte(0x80).Byte(2);
        if (asDict)
        {
            Byte('}').Byte('(');
        }
    }

    public PickleBuilder Byte(int value)
    {
        _pickle.WriteByte((byte)value);
        return this;
    }

    public PickleBuilder Raw(string opcodes)
    {
        _pickle.Write(Encoding.Latin1.GetBytes(opcodes));
        return this;
    }

    public PickleBuilder Text(string text)
    {
        Byte('X');
        _pickle.Write(BitConverter.GetBytes(Encoding.UTF8.GetByteCount(text)));
        _pickle.Write(Encoding.UTF8.GetBytes(text));
        return this;
    }

    public PickleBuilder Integer(long value)
    {
        Byte(0x8A).Byte(8);
        _pickle.Write(BitConverter.GetBytes(value));
        return this;
    }

    public PickleBuilder Tuple(params long[] values)
    {
        Byte('(');
        foreach (long value in values)
        {
            Integer(value);
        }
        return Byte('t');
    }

    /// <summary>A key and its tensor on storage "0".</summary>
    public PickleBuilder Tensor(string name, string type, long elements, long offset, long[] shape, long[] strides) => Text(name)
        .Raw("ctorch._utils\n_rebuild_tensor_v2\n((").Text("storage").Raw($"ctorch\n{type}\n").Text("0").Text("cuda:0").Integer(elements)
        .Raw("tQ").Integer(offset).Tuple(shape).Tuple(strides).Byte(0x89).Raw("ccollections\nOrderedDict\n)RtR");

    public TorchCheckpoint Read(byte[] storage)
    {
        Raw("u.");
        return ReadAsIs(storage);
    }

    public TorchCheckpoint ReadAsIs(byte[] storage) => TorchCheckpoint.Read(new MemoryStream(Zip(storage)), "x.pt");

    /// <summary>The file, as torch.save writes it.</summary>
    public byte[] Zip(byte[] storage)
    {
        using var file = new MemoryStream();
        using (var zip = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add(zip, "m/data.pkl", _pickle.ToArray());
            Add(zip, "m/data/0", storage);
        }
        return file.ToArray();
    }

    private static void Add(ZipArchive zip, string name, byte[] bytes)
    {
        using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
        entry.Write(bytes);
    }
}
