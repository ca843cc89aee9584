using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace FlowVocoder.Tests.Features;

/// <summary>The reference vectors and how to compare with them. Reads only the two forms in which they lie there.</summary>
internal static class Reference
{
    public static float[] Chirp { get; } = ReadWav("chirp.wav");

    public static (float[] Values, int Bands, int Frames) Mel(string name)
    {
        byte[] file = File.ReadAllBytes(PathOf($"mel_chirp/{name}.npy"));
        int headerLength = BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8));
        string header = Encoding.ASCII.GetString(file, 10, headerLength);
        Assert.Contains("'<f4'", header, StringComparison.Ordinal);
        bool fortran = header.Contains("'fortran_order': True", StringComparison.Ordinal);
        string shape = header[(header.IndexOf('(', StringComparison.Ordinal) + 1)..header.IndexOf(')', StringComparison.Ordinal)];
        int[] sizes = [.. shape.Split(',', StringSplitOptions.TrimEntries).Select(s => int.Parse(s, CultureInfo.InvariantCulture))];
        (int bands, int frames) = (sizes[0], sizes[1]);
        float[] stored = MemoryMarshal.Cast<byte, float>(file.AsSpan(10 + headerLength)).ToArray();
        float[] values = fortran ? [.. Enumerable.Range(0, stored.Length).Select(i => stored[(i % frames * bands) + (i / frames)])] : stored;
        return (values, bands, frames);
    }

    public static string Compare(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, out double maxAbs)
    {
        Assert.Equal(expected.Length, actual.Length);
        double difference = 0, norm = 0;
        maxAbs = 0;
        for (int i = 0; i < actual.Length; i++)
        {
            double d = (double)actual[i] - expected[i];
            maxAbs = Math.Max(maxAbs, Math.Abs(d));
            difference += d * d;
            norm += (double)expected[i] * expected[i];
        }
        return string.Create(CultureInfo.InvariantCulture, $"max-abs {maxAbs:E2}, relative L2 {Math.Sqrt(difference / norm):E2}");
    }

    // 16 bit mono with a 44-byte header.
    private static float[] ReadWav(string name)
    {
        byte[] file = File.ReadAllBytes(PathOf(name));
        Assert.Equal("data", Encoding.ASCII.GetString(file, 36, 4));
        return [.. MemoryMarshal.Cast<byte, short>(file.AsSpan(44)).ToArray().Select(s => s / 32768f)];
    }

    private static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", name);
}
