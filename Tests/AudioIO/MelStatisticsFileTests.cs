using System.IO.Compression;
using FlowVocoder.AudioIO;
using FlowVocoder.Features;

namespace FlowVocoder.Tests.AudioIO;

public sealed class MelStatisticsFileTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Four frames of two bands: 1 2 3 4 and -1 -1 1 1.
    private static readonly float[] s_mean = [2.5f, 0], s_deviation = [MathF.Sqrt(1.25f), 1];

    [Theory]
    [InlineData("(2, 2)", new float[] { 2.5f, 0, 1.118034f, 1 })]
    [InlineData("(2, 1, 2)", new float[] { 2.5f, 0, 1.118034f, 1 })]
    [InlineData("(2, 3)", new float[] { 10, 0, 4, 30, 4, 0 })]
    public void Rows_are_means_and_deviations_or_sums(string shape, float[] values) =>
        Check(_folder.Add("s.npy", NpyBytes.Floats(shape, values)));

    [Fact]
    public void An_archive_of_ESPnet_is_sums_and_a_whole_number() =>
        Check(Archive(("count.npy", Integer(4)), ("sum.npy", NpyBytes.Floats("(2,)", 10, 0)), ("sum_square.npy", NpyBytes.Floats("(2,)", 30, 4))));

    [Theory, InlineData("std"), InlineData("scale"), InlineData("var")]
    public void An_archive_of_means_says_how_they_scatter(string name) => Check(Archive(("mean.npy", NpyBytes.Floats("(2,)", 2.5f, 0)),
        ($"{name}.npy", NpyBytes.Floats("(2,)", name == "var" ? 1.25f : 1.118034f, 1))));

    [Fact]
    public void What_is_no_statistics_is_told()
    {
        Refuses(_folder.Add("a.npy", NpyBytes.Floats("(2, 5)", new float[10])), "has shape [2, 5], expected [2, 2], means and deviations, or [2, 3], sums");
        Refuses(_folder.Add("b.npy", NpyBytes.Floats("(2, 2)", 0, 0, 1, 0)), "deviation 0 in band 1, expected more than 0");
        Refuses(_folder.Add("c.npy", NpyBytes.Floats("(2, 3)", 1, 1, 0, 1, 1, 0)), "counts 0 frames");
        Refuses(Archive(("mean.npy", NpyBytes.Floats("(2,)", 1, 2))), "has none of the arrays count, sum and sum_square, or mean and std");
        Refuses(Archive(("mean.npy", NpyBytes.Floats("(3,)", 1, 2, 3)), ("std.npy", NpyBytes.Floats("(3,)", 1, 2, 3))), "has 3 values of 'mean', expected 2");
        Refuses(Fixture("stats/latest.h5"), "is an HDF5 file with superblock 3, expected superblock 0");
        Refuses(Fixture("stats/many.h5"), "has 80 values of 'mean', expected 2");
        Refuses(Fixture("stats/scaler.joblib"), "is a pickle of another kind than is read (joblib's is one); in Python: ");
        Refuses(Fixture("mels/mozilla_scale_stats.npy"), "has 80 values of 'mel_mean', expected 2");
    }

    [Fact]
    public void What_h5py_wrote_is_what_numpy_wrote()
    {
        MelStatistics expected = MelStatisticsFile.Read(Fixture("mels/pwg_stats.npy"), 80);
        foreach (string file in (string[])["stats/pwg_stats.h5", "stats/many.h5"])
        {
            MelStatistics found = MelStatisticsFile.Read(Fixture(file), 80);
            Assert.Equal(expected.Mean, found.Mean);
            Assert.Equal(expected.Deviation, found.Deviation, (a, b) => Math.Abs(a - b) <= 1e-6f * b);
        }
    }

    [Fact]
    public void What_was_pickled_is_read_without_a_class()
    {
        // StandardScaler's mean_ and scale_, as Python printed them.
        MelStatistics scaler = MelStatisticsFile.Read(Fixture("stats/scaler.pickle"), 3);
        Assert.Equal([4.08754342f, 4.90442477f, 5.14884818f], scaler.Mean, (a, b) => Math.Abs(a - b) < 1e-6f);
        Assert.Equal([0.86856701f, 1.77157268f, 2.51181503f], scaler.Deviation, (a, b) => Math.Abs(a - b) < 1e-6f);
        // Mozilla's dict, and the same as rows.
        MelStatistics dict = MelStatisticsFile.Read(Fixture("mels/mozilla_scale_stats.npy"), 80);
        MelStatistics rows = MelStatisticsFile.Read(Fixture("mels/mozilla_mel_mean_std.npy"), 80);
        Assert.Equal(rows.Mean, dict.Mean);
        Assert.Equal(rows.Deviation, dict.Deviation);
    }

    [Fact]
    public void A_damaged_HDF5_file_is_refused_in_a_line()
    {
        byte[] whole = File.ReadAllBytes(Fixture("stats/pwg_stats.h5"));
        var random = new Random(1);
        for (int round = 0; round < 400; round++)
        {
            byte[] bytes = [.. whole];
            if (round % 4 == 0) bytes = bytes[..random.Next(8, bytes.Length)];
            else for (int k = 0; k < 1 + round % 3; k++) bytes[random.Next(8, 2048)] = (byte)random.Next(256);
            try
            {
                MelStatisticsFile.Read(_folder.Add("damaged.h5", bytes), 80);
            }
            catch (VocoderException e)
            {
                Assert.Contains("damaged.h5", e.Message, StringComparison.Ordinal);
                Assert.DoesNotContain('\n', e.Message);
            }
        }
    }

    private static string Fixture(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", name);

    private static void Check(string path)
    {
        MelStatistics statistics = MelStatisticsFile.Read(path, 2);
        for (int b = 0; b < 2; b++)
        {
            Assert.Equal(s_mean[b], statistics.Mean[b], 1e-6f);
            Assert.Equal(s_deviation[b], statistics.Deviation[b], 1e-6f);
        }
        float[] mel = [1, 2, 3, 4, -1, -1, 1, 1];
        statistics.Normalize(mel);
        Assert.Equal(-1.5 / Math.Sqrt(1.25), mel[0], 1e-6);
        Assert.Equal(0, mel[..4].Sum(), 1e-6);
        Assert.Equal(4, mel[..4].Sum(v => v * v), 1e-5);
        statistics.Denormalize(mel);
        Assert.Equal([1, 2, 3, 4, -1, -1, 1, 1], mel, (a, b) => Math.Abs(a - b) < 1e-6);
    }

    private static void Refuses(string path, string expected)
    {
        string message = Assert.Throws<VocoderException>(() => MelStatisticsFile.Read(path, 2)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    private static byte[] Integer(long value)
    {
        byte[] file = NpyBytes.Floats("()", 0, 0);
        int at = file.AsSpan().IndexOf("<f4"u8);
        "<i8"u8.CopyTo(file.AsSpan(at));
        BitConverter.TryWriteBytes(file.AsSpan(file.Length - 8), value);
        return file;
    }

    private string Archive(params (string Name, byte[] Bytes)[] entries)
    {
        using var memory = new MemoryStream();
        using (var archive = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
            foreach (var (name, bytes) in entries)
            {
                using Stream entry = archive.CreateEntry(name).Open();
                entry.Write(bytes);
            }
        return _folder.Add($"{Guid.NewGuid()}.npz", memory.ToArray());
    }
}
