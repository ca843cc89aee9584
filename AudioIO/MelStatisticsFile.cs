using System.IO.Compression;
using FlowVocoder.Features;
using FlowVocoder.Voices.Pickle;

namespace FlowVocoder.AudioIO;

/// <summary>The files in which toolkits keep mean and deviation of their mels.</summary>
public static class MelStatisticsFile
{
    // Some thousand bands, in an archive that claims to be small and is not.
    private const int MaxBytes = 1 << 20;

    // Arrays that hold means, and what they stand beside; a variance is the square of a deviation.
    private static readonly (string Mean, string Spread, bool IsVariance)[] s_pairs =
    [
        ("mean", "std", false), ("mean", "scale", false), ("mean", "var", true), ("mel_mean", "mel_std", false),
        ("mean_", "scale_", false), ("mean_", "var_", true),
    ];

    /// <summary>
    /// Reads statistics of any of these layouts:
    /// .npy of shape [2, bands] or [2, 1, bands], a row of means and one of deviations (TensorFlowTTS, ParallelWaveGAN's stats.npy, r9y9's scaler);
    /// .npy of shape [2, bands + 1], sums and their count, sums of squares and 0 (Kaldi's, as ESPnet 1 writes them);
    /// .npz with count, sum and sum_square (ESPnet 2's feats_stats.npz); .npz with mean and std, scale or var;
    /// HDF5 with the same names, as h5py writes it (ParallelWaveGAN's stats.h5);
    /// a pickled dict with mel_mean and mel_std, in an .npy too (Mozilla's, Coqui's scale_stats.npy), or a StandardScaler of scikit-learn.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="bands">Bands of the mels.</param>
    /// <exception cref="VocoderException">The file cannot be read or has none of these layouts.</exception>
    public static MelStatistics Read(string path, int bands) => InputFile.Read(path, stream =>
    {
        Span<byte> start = stackalloc byte[8];
        InputFile.ReadFully(stream, start);
        stream.Position = 0;
        if (start.SequenceEqual(Hdf5.Signature)) return FromNames(Hdf5.Read(stream, path), path, bands);
        if (start.StartsWith("PK"u8)) return FromNames(ReadArchive(stream, path), path, bands);
        if (start[0] == 0x80) return FromPickle(stream, path, bands);
        try
        {
            return FromRows(Npy.Read(stream, path), path, bands);
        }
        catch (VocoderException e) when (e.Message.Contains("Python objects", StringComparison.Ordinal))
        {
            // They are pickled behind the header.
            return FromPickle(stream, path, bands);
        }
    });

    // No class is looked up that it names.
    private static MelStatistics FromPickle(Stream stream, string name, int bands)
    {
        Dictionary<string, float[]> arrays;
        try
        {
            arrays = PickledArrays.Read(stream, name);
        }
        catch (VocoderException e)
        {
            throw new VocoderException($"'{name}' is a pickle of another kind than is read (joblib's is one); in Python: "
                + $"s = joblib.load('{name}'); numpy.save('stats.npy', [s.mean_, s.scale_])", e);
        }
        return FromNames(arrays, name, bands);
    }

    private static MelStatistics FromRows(NpyArray array, string name, int bands)
    {
        float[] data = array.Data;
        int columns = array.Shape is [2, .. var middle, _] && middle.All(size => size == 1) ? array.Shape[^1] : 0;
        if (columns == bands) return New(name, data[..bands], data[bands..]);
        if (columns == bands + 1) return FromSums(name, data[bands], data[..bands], data[(bands + 1)..^1]);
        throw new VocoderException(
            $"'{name}' has shape {NpyArray.Describe(array.Shape)}, expected [2, {bands}], means and deviations, or [2, {bands + 1}], sums and sums of squares");
    }

    private static MelStatistics FromNames(IReadOnlyDictionary<string, float[]> arrays, string name, int bands)
    {
        float[] Of(string key, int count) => arrays[key].Length == count ? arrays[key]
            : throw new VocoderException($"'{name}' has {arrays[key].Length} values of '{key}', expected {count}");
        if (((string[])["count", "sum", "sum_square"]).All(arrays.ContainsKey))
            return FromSums(name, Of("count", 1)[0], Of("sum", bands), Of("sum_square", bands));
        foreach (var (mean, spread, isVariance) in s_pairs.Where(pair => arrays.ContainsKey(pair.Mean) && arrays.ContainsKey(pair.Spread)))
            return New(name, Of(mean, bands), isVariance ? [.. Of(spread, bands).Select(MathF.Sqrt)] : Of(spread, bands));
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
