using System.IO.Compression;

namespace FlowVocoder.AudioIO;

/// <summary>NumPy's archives of arrays (numpy.savez): a zip with an .npy for each name.</summary>
public static class Npz
{
    private const string Ending = ".npy";

    // What any array may take when it is unpacked: a lid on files that are small only while they are packed.
    private const long MaxBytes = 1L << 31;

    /// <summary>Reads all arrays of floats; entries that are no .npy are passed over.</summary>
    /// <exception cref="VocoderException">The file cannot be read, is no zip, or one of its arrays is not what <see cref="Npy"/> reads.</exception>
    public static IReadOnlyDictionary<string, NpyArray> Read(string path) => InputFile.Read(path, stream =>
    {
        try
        {
            using var zip = new ZipArchive(stream, ZipArchiveMode.Read);
            var arrays = new Dictionary<string, NpyArray>(StringComparer.Ordinal);
            foreach (ZipArchiveEntry entry in zip.Entries.Where(e => e.FullName.EndsWith(Ending, StringComparison.Ordinal)))
                arrays[entry.FullName[..^Ending.Length]] = Read(entry, path);
            return arrays;
        }
        catch (InvalidDataException e)
        {
            throw new VocoderException($"'{path}' is no .npz: {e.Message.ReplaceLineEndings(" ").TrimEnd('.')}, expected a zip of .npy files", e);
        }
    });

    /// <summary>Writes arrays of float32, not compressed, as numpy.savez does; the file appears whole or not at all.</summary>
    /// <exception cref="VocoderException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<(string Name, NpyArray Array)> arrays) => AtomicFile.Write(path, stream =>
    {
        using var zip = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
        foreach (var (name, array) in arrays)
        {
            ZipArchiveEntry entry = zip.CreateEntry(name + Ending, CompressionLevel.NoCompression);
            // The same arrays make the same file.
            entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
            using Stream content = entry.Open();
            Npy.Write(content, array.Data, array.Shape);
        }
    });

    private static NpyArray Read(ZipArchiveEntry entry, string path)
    {
        string name = $"{path}: {entry.FullName}";
        if (entry.Length > MaxBytes) throw new VocoderException($"'{name}' has {entry.Length} bytes, expected at most {MaxBytes}");
        using Stream packed = entry.Open();
        using var bytes = new MemoryStream();
        packed.CopyTo(bytes);
        bytes.Position = 0;
        return Npy.Read(bytes, name);
    }
}
