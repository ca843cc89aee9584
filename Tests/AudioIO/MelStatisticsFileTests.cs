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
        Refuses(_folder.Add("d.h5", [0x89, .. "HDF\r\n"u8]), "is an HDF5 file, expected .npy or .npz");
        Refuses(Path.Combine(AppContext.BaseDirectory, "Fixtures", "mels", "mozilla_scale_stats.npy"), "holds Python objects, expected numbers; in Python: ");
    }

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
