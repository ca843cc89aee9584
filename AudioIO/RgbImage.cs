namespace FlowVocoder.AudioIO;

/// <summary>A colour, 8 bits a channel, sRGB.</summary>
public readonly record struct Rgb(byte R, byte G, byte B);

/// <summary>A picture of 8-bit sRGB pixels, row by row from the top left.</summary>
public sealed class RgbImage
{
    private readonly byte[] _pixels;

    /// <summary>Creates a white picture.</summary>
    /// <param name="width">In pixels, at least 1.</param>
    /// <param name="height">In pixels, at least 1.</param>
    public RgbImage(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        Width = width;
        Height = height;
        _pixels = new byte[checked(width * height * 3)];
        Array.Fill(_pixels, (byte)255);
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>The bytes R, G, B, R, … of all pixels: [Height, Width, 3].</summary>
    public ReadOnlySpan<byte> Pixels => _pixels;

    /// <summary>The pixel at column <paramref name="x"/> and row <paramref name="y"/>, (0, 0) at the top left.
    /// Writing outside the picture is ignored, so that a drawing may reach over the edge.</summary>
    public Rgb this[int x, int y]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)x, (uint)Width, nameof(x));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)y, (uint)Height, nameof(y));
            int at = (y * Width + x) * 3;
            return new Rgb(_pixels[at], _pixels[at + 1], _pixels[at + 2]);
        }
        set
        {
            if ((uint)x >= (uint)Width || (uint)y >= (uint)Height) return;
            int at = (y * Width + x) * 3;
            _pixels[at] = value.R;
            _pixels[at + 1] = value.G;
            _pixels[at + 2] = value.B;
        }
    }

    /// <summary>Mixes <paramref name="colour"/> into a pixel: 0 leaves it, 1 replaces it. Outside the picture it is ignored.</summary>
    internal void Blend(int x, int y, Rgb colour, double opacity)
    {
        if ((uint)x >= (uint)Width || (uint)y >= (uint)Height || !(opacity > 0)) return;
        Rgb below = this[x, y];
        byte Mix(byte from, byte to) => (byte)Math.Round(from + (to - from) * Math.Min(opacity, 1));
        this[x, y] = new Rgb(Mix(below.R, colour.R), Mix(below.G, colour.G), Mix(below.B, colour.B));
    }

    /// <summary>Fills the rectangle whose top left pixel is (x, y).</summary>
    public void Fill(int x, int y, int width, int height, Rgb colour)
    {
        for (int row = y; row < y + height; row++)
            for (int column = x; column < x + width; column++)
                this[column, row] = colour;
    }

    /// <summary>Draws the one-pixel outline of the rectangle whose top left pixel is (x, y).</summary>
    public void Frame(int x, int y, int width, int height, Rgb colour)
    {
        Fill(x, y, width, 1, colour);
        Fill(x, y + height - 1, width, 1, colour);
        Fill(x, y, 1, height, colour);
        Fill(x + width - 1, y, 1, height, colour);
    }
}
