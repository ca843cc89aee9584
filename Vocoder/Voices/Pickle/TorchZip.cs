using System.IO.Compression;
using System.Text;

namespace FlowVocoder.Voices.Pickle;

/// <summary>
/// The format of torch.save since 1.6: a zip of NAME/data.pkl, NAME/data/KEY for each storage, NAME/byteorder, NAME/version.
/// </summary>
internal sealed class TorchZip : TorchContainer, IDisposable
{
    private const string PickleName = "data.pkl";

    private readonly ZipArchive _zip;
    private readonly string _folder;
    private readonly long _length;

    public TorchZip(Stream stream, string file) : base(file, stream.Length)
    {
        _length = stream.Length;
        _zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        try
        {
            _folder = FindFolder();
            CheckByteOrder();
            byte[] pickle = Bytes(_zip.GetEntry(_folder + PickleName)!, "the pickle");
            using var bytes = new MemoryStream(pickle, writable: false);
            Root = new PickleMachine(new PickleReader(bytes, bytes.Length, file), new TorchClasses()).Run();
        }
        catch
        {
            _zip.Dispose();
            throw;
        }
    }

    public void Dispose() => _zip.Dispose();

    protected override byte[] Load(PickledStorage storage, long bytes)
    {
        string name = $"{_folder}data/{storage.Key}";
        var entry = _zip.GetEntry(name) ?? throw new VocoderException($"{File}: found no storage {VoiceFiles.Quote(name)}, expected {bytes} bytes");
        if (entry.Length != bytes)
        {
            throw new VocoderException($"{File}: storage {VoiceFiles.Quote(name)}: found {entry.Length} bytes, expected {bytes}");
        }
        return Bytes(entry, VoiceFiles.Quote(name));
    }

    private string FindFolder()
    {
        var pickles = _zip.Entries.Where(e => e.Name == PickleName).Select(e => e.FullName).ToArray();
        string folder = pickles is [var only] ? only[..^PickleName.Length] : "";
        if (pickles.Length != 1 || _zip.GetEntry(folder + "constants.pkl") is not null)
        {
            throw new VocoderException(
                $"{File}: found a zip that is no checkpoint{(pickles.Length == 1 ? " but TorchScript" : "")}, expected the data.pkl that torch.save writes");
        }
        return folder;
    }

    private void CheckByteOrder()
    {
        if (_zip.GetEntry(_folder + "byteorder") is { } entry)
        {
            string order = Encoding.Latin1.GetString(Bytes(entry, "the byte order"));
            if (order != "little")
            {
                throw new VocoderException($"{File}: found byte order {VoiceFiles.Quote(order)}, expected 'little'");
            }
        }
    }

    private byte[] Bytes(ZipArchiveEntry entry, string what)
    {
        // torch.save never compresses, so no entry can be larger than the file: the lid on zip bombs.
        if (entry.Length != entry.CompressedLength || entry.Length > _length || entry.Length > Array.MaxLength)
        {
            throw new VocoderException(
                $"{File}: {what}: found {entry.CompressedLength} bytes for {entry.Length}, expected uncompressed data as torch.save writes");
        }
        var bytes = new byte[(int)entry.Length];
        using var stream = entry.Open();
        stream.ReadExactly(bytes);
        return bytes;
    }
}
