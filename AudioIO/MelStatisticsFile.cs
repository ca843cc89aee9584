using System.IO.Compression;
using FlowVocoder.Features;

namespace FlowVocoder.AudioIO;

/// <summary>The files in which toolkits keep mean and deviation of their mels.</summary>
public static class MelStatisticsFile
{
    // Some thousand bands, in an archive that claims to be small and is not.
    private const int MaxBytes = 1 << 20;

    /// <summary>
    /// Reads statistics of any of these layouts:
    /// .npy of shape [2, bands] or [2, 1, bands], a row of means and one of deviations (TensorFlowTTS, ParallelWaveGAN's stats.npy, r9y9's scaler);
    /// .npy of shape [2, bands + 1], sums and their count, sums of squares and 0 (Kaldi's, as ESPnet 1 writes them);
    /// .npz with count, sum and sum_square (ESPnet 2's feats_stats.npz); .npz with mean and std, scale or var.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="bands">Bands of the mels.</param>
    /// <exception cref="VocoderException">The file cannot be read or has none of these layouts.</exception>
    public static MelStatistics Read(string path, int bands) => InputFile.Read(path, stream =>
    {
        Span<byte> start = stackalloc byte[4];
        InputFile.ReadFully(stream, start);
        stream.Position = 0;
        if (start is [0x89, (byte)'H', (byte)'D', (byte)'F'])
            throw new VocoderException(
                $"'{path}' is an HDF5 file, expected .npy or .npz; in Python: h = h5py.File('{path}'); numpy.save('stats.npy', [h['mean'][:], h['scale'][:]])");
        try
        {
            return start.StartsWith("PK"u8) ? FromArchive(stream, path, bands) : FromRows(Npy.Read(stream, path), path, bands);
        }
        catch (VocoderException e) when (e.Message.Contains("Python objects", StringComparison.Ordinal))
        {
            throw new VocoderException($"'{path}' holds Python objects, expected numbers; in Python: "
                + $"s = numpy.load('{path}', allow_pickle=True).item(); numpy.save('stats.npy', [s['mel_mean'], s['mel_std']])", e);
        }
    });

    private static MelStatistics FromRows(NpyArray array, string name, int bands)
    {
        float[] data = array.Data;
        int columns = array.Shape is [2, .. var middle, _] && middle.All(size => size == 1) ? array.Shape[^1] : 0;
        if (columns == bands) return New(name, data[..bands], data[bands..]);
        if (columns == bands + 1) return FromSums(name, data[bands], data[..bands], data[(bands + 1)..^1]);
        throw new VocoderException(
            $"'{name}' has shape {NpyArray.Describe(array.Shape)}, expected [2, {bands}], means and deviations, or [2, {bands + 1}], sums and sums of squares");
    }

    private static MelStatistics FromArchive(Stream stream, string name, int bands)
    {
        Dictionary<string, float[]> arrays = ReadArchive(stream, name);
        foreach (var (key, values) in arrays)
            if (values.Length != (key == "count" ? 1 : bands))
                throw new VocoderException($"'{name}' has {values.Length} values of '{key}', expected {(key == "count" ? 1 : bands)}");
        if (arrays.TryGetValue("sum", out float[]? sum) && arrays.TryGetValue("sum_square", out float[]? squares)
            && arrays.TryGetValue("count", out float[]? count))
            return FromSums(name, count[0], sum, squares);
        if (arrays.TryGetValue("mean", out float[]? mean))
        {
            if (arrays.TryGetValue("std", out float[]? deviation) || arrays.TryGetValue("scale", out deviation)) return New(name, mean, deviation);
            if (arrays.TryGetValue("var", out float[]? variance)) return New(name, mean, [.. variance.Select(MathF.Sqrt)]);
        }
        throw new VocoderException($"'{name}' has none of the arrays count, sum and sum_square, or mean and std, expected statistics of a mel");
    }

    // Only what is asked for: an archive may hold more.
    private static Dictionary<string, float[]> ReadArchive(Stream stream, string name)
    {
        try
        {
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            var arrays = new Dictionary<string, float[]>();
            foreach (string key in (string[])["count", "sum", "sum_square", "mean", "std", "scale", "var"])
            {
                if (archive.GetEntry($"{key}.npy") is not { } entry) continue;
                if (entry.Length > MaxBytes) throw new VocoderException($"'{name}' has an array '{key}' of {entry.Length} bytes, expected at most {MaxBytes}");
                using Stream part = entry.Open();
                arrays[key] = Npy.Read(part, $"{name}:{key}", integers: true).Data;
            }
            return arrays;
        }
        catch (InvalidDataException e)
        {
            throw new VocoderException($"'{name}' is no .npz: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    private static MelStatistics FromSums(string name, double count, float[] sum, float[] squares)
    {
        if (!(count >= 1)) throw new VocoderException(FormattableString.Invariant($"'{name}' counts {count} frames, expected at least 1"));
        float[] mean = [.. sum.Select(s => (float)(s / count))];
        // In double: the difference of two large numbers.
        return New(name, mean, [.. squares.Select((s, b) => (float)Math.Sqrt(Math.Max(0, (s / count) - (sum[b] / count * (sum[b] / count)))))]);
    }

    private static MelStatistics New(string name, float[] mean, float[] deviation)
    {
        try
        {
            return new MelStatistics(mean, deviation);
        }
        catch (VocoderException e)
        {
            throw new VocoderException($"'{name}': {e.Message}", e);
        }
    }
}
