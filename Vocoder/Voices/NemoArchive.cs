using System.Formats.Tar;
using System.IO.Compression;

namespace FlowVocoder.Voices;

/// <summary>The archives of NVIDIA NeMo: a tar, gzipped until version 1.x, with the weights as a file of torch.save in it.</summary>
internal static class NemoArchive
{
    private const string Weights = "model_weights.ckpt";
    private const int MagicAt = 257;

    /// <summary>Whether a file begins like one.</summary>
    public static bool Is(FileStream stream)
    {
        Span<byte> start = stackalloc byte[MagicAt + 5];
        int count = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        return IsZipped(start[..count]) || (count == start.Length && start[MagicAt..].SequenceEqual("ustar"u8));
    }

    /// <summary>Reads the weights.</summary>
    /// <exception cref="VocoderException">The archive is damaged, or has none.</exception>
    public static TorchCheckpoint Read(FileStream stream, string path)
    {
        try
        {
            Span<byte> start = stackalloc byte[2];
            stream.ReadExactly(start);
            stream.Position = 0;
            if (!IsZipped(start)) return FromTar(stream, path);
            // Weights are read here and there: they need a file of their own.
            using var unzipped = new FileStream(Path.GetTempFileName(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16,
                FileOptions.DeleteOnClose);
            using (var gzip = new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true)) gzip.CopyTo(unzipped);
            unzipped.Position = 0;
            return FromTar(unzipped, path);
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new VocoderException($"{path}: cannot be read as an archive of NeMo: {VoiceFiles.OneLine(e.Message)}", e);
        }
    }

    private static TorchCheckpoint FromTar(Stream stream, string path)
    {
        using var tar = new TarReader(stream, leaveOpen: true);
        while (tar.GetNextEntry() is { } entry)
            if (Path.GetFileName(entry.Name) == Weights && entry.DataStream is { } data) return TorchCheckpoint.Read(data, $"{path}:{Weights}");
        throw new VocoderException($"{path}: found no {Weights} in the archive, expected that of a NeMo model");
    }

    private static bool IsZipped(ReadOnlySpan<byte> start) => start is [0x1F, 0x8B, ..];
}
