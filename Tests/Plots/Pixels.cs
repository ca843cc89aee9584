using FlowVocoder.Plots;
using SkiaSharp;

namespace FlowVocoder.Tests.Plots;

/// <summary>A picture read back from its PNG.</summary>
internal sealed class Pixels
{
    private readonly SKBitmap _bitmap;

    public Pixels(Picture picture)
    {
        using var file = new MemoryStream();
        picture.Write(file, "a.png");
        _bitmap = SKBitmap.Decode(file.ToArray());
        Assert.Equal((picture.Width, picture.Height), (_bitmap.Width, _bitmap.Height));
    }

    public int Width => _bitmap.Width;

    public int Height => _bitmap.Height;

    public byte[] Bytes => _bitmap.Bytes;

    public (byte R, byte G, byte B) this[int x, int y]
    {
        get
        {
            SKColor colour = _bitmap.GetPixel(x, y);
            return (colour.Red, colour.Green, colour.Blue);
        }
    }

    /// <summary>How far a colour is from another, as the largest difference of a channel: edges are soft.</summary>
    public int Distance(int x, int y, (byte R, byte G, byte B) colour)
    {
        (byte r, byte g, byte b) = this[x, y];
        return Math.Max(Math.Abs(r - colour.R), Math.Max(Math.Abs(g - colour.G), Math.Abs(b - colour.B)));
    }

    /// <summary>Relative luminance, 0 to 255.</summary>
    public double Lightness(int x, int y) => 0.2126 * this[x, y].R + 0.7152 * this[x, y].G + 0.0722 * this[x, y].B;
}
