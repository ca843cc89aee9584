using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class PngTests
{
    [Fact]
    public void CrcOfTheEndChunkIsTheOneInEveryPngFile() => Assert.Equal(0xAE426082u, Png.Crc("IEND"u8, []));

    [Fact]
    public void CrcOfTheDigitsIsTheCheckValueOfCrc32() => Assert.Equal(0xCBF43926u, Png.Crc("1234"u8, "56789"u8));

    [Fact]
    public void PixelsComeBackThroughTheChunks()
    {
        var image = new RgbImage(3, 2);
        for (int y = 0; y < 2; y++)
            for (int x = 0; x < 3; x++)
                image[x, y] = new Rgb((byte)(10 * x), (byte)(100 + y), (byte)(200 + x * y));
        using var stream = new MemoryStream();
        Png.Write(stream, image);

        byte[] file = stream.ToArray();
        Assert.Equal([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], file[..8]);
        var chunks = Chunks(file);
        Assert.Equal(["IHDR", "IDAT", "IEND"], chunks.Select(c => c.Type));
        Assert.Equal([0, 0, 0, 3, 0, 0, 0, 2, 8, 2, 0, 0, 0], chunks[0].Data);

        using var zlib = new ZLibStream(new MemoryStream(chunks[1].Data), CompressionMode.Decompress);
        using var raw = new MemoryStream();
        zlib.CopyTo(raw);
        byte[] expected = [0, 0, 100, 200, 10, 100, 200, 20, 100, 200, 0, 0, 101, 200, 10, 101, 201, 20, 101, 202];
        Assert.Equal(expected, raw.ToArray());
    }

    [Fact]
    public void DrawingOverTheEdgeIsCutOff()
    {
        var image = new RgbImage(4, 4);
        image.Fill(2, -1, 5, 3, new Rgb(1, 2, 3));
        Assert.Equal(4, Enumerable.Range(0, 16).Count(i => image[i % 4, i / 4] == new Rgb(1, 2, 3)));
        Assert.Equal(new Rgb(1, 2, 3), image[3, 1]);
        Assert.Equal(new Rgb(255, 255, 255), image[3, 2]);
    }

    private static List<(string Type, byte[] Data)> Chunks(byte[] file)
    {
        var chunks = new List<(string, byte[])>();
        for (int at = 8; at < file.Length;)
        {
            int length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(at));
            var type = file.AsSpan(at + 4, 4);
            var data = file.AsSpan(at + 8, length);
            Assert.Equal(Crc32BitByBit([.. type, .. data]), BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at + 8 + length)));
            chunks.Add((Encoding.ASCII.GetString(type), data.ToArray()));
            at += 12 + length;
        }
        return chunks;
    }

    private static uint Crc32BitByBit(byte[] bytes)
    {
        uint crc = 0xFFFFFFFF;
        foreach (byte b in bytes)
            for (int bit = 0; bit < 8; bit++)
            {
                bool odd = ((crc ^ (uint)(b >> bit)) & 1) != 0;
                crc = (crc >> 1) ^ (odd ? 0xEDB88320 : 0);
            }
        return ~crc;
    }
}
