namespace FlowVocoder.AudioIO;

/// <summary>A square picture of the plane from -extent to +extent on both axes, y upwards. What is drawn later lies above.</summary>
public sealed class PlanePanel
{
    /// <summary>Width and height in pixels.</summary>
    public const int Size = 480;

    /// <summary>Creates an empty panel.</summary>
    /// <param name="title">The line above it.</param>
    /// <param name="extent">Half of the side, above 0.</param>
    public PlanePanel(string title, double extent)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(extent);
        (Title, Extent) = (title, extent);
    }

    /// <summary>The line above it.</summary>
    public string Title { get; }

    /// <summary>Half of the side.</summary>
    public double Extent { get; }

    /// <summary>What was drawn.</summary>
    internal RgbImage Canvas { get; } = new(Size, Size);

    /// <summary>Draws points as discs of <paramref name="radius"/> pixels; points outside the panel, or not finite, are left out.</summary>
    public void Dots(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Rgb colour, double opacity = 0.5, double radius = 1.6)
    {
        for (int i = 0; i < x.Length; i++)
        {
            var (column, row) = Pixel(x[i], y[i]);
            if (!IsNear(column, row)) continue;
            for (int r = (int)(row - radius); r <= row + radius + 1; r++)
                for (int c = (int)(column - radius); c <= column + radius + 1; c++)
                    Canvas.Blend(c, r, colour, opacity * Coverage(radius, double.Hypot(c - column, r - row)));
        }
    }

    /// <summary>Draws a line through points, <paramref name="width"/> pixels wide; it is broken where a point is far outside or not finite.</summary>
    public void Line(ReadOnlySpan<float> x, ReadOnlySpan<float> y, Rgb colour, double width = 1.2)
    {
        for (int i = 1; i < x.Length; i++)
        {
            var from = Pixel(x[i - 1], y[i - 1]);
            var to = Pixel(x[i], y[i]);
            if (IsNear(from.Column, from.Row) && IsNear(to.Column, to.Row)) Segment(from, to, colour, width / 2);
        }
    }

    /// <summary>Colours the panel by levels from 0 to 1 of <paramref name="squares"/>×squares values, row after row from the bottom left, smoothly between their middles.</summary>
    public void Levels(ReadOnlySpan<float> levels, int squares)
    {
        if (squares < 1 || levels.Length != squares * squares) throw new ArgumentException($"{levels.Length} levels are not {squares} rows of {squares}", nameof(levels));
        for (int row = 0; row < Size; row++)
            for (int column = 0; column < Size; column++)
            {
                double u = Position(column, squares), v = Position(Size - 1 - row, squares);
                int left = (int)u, low = (int)v, right = Math.Min(left + 1, squares - 1), high = Math.Min(low + 1, squares - 1);
                double below = double.Lerp(levels[low * squares + left], levels[low * squares + right], u - left);
                double above = double.Lerp(levels[high * squares + left], levels[high * squares + right], u - left);
                Canvas[column, row] = ColourMap.At(double.Lerp(below, above, v - low));
            }
    }

    private static double Position(int pixel, int squares) => Math.Clamp((pixel + 0.5) / Size * squares - 0.5, 0, squares - 1);

    private (double Column, double Row) Pixel(double x, double y) => ((x / Extent + 1) / 2 * Size - 0.5, (1 - y / Extent) / 2 * Size - 0.5);

    // Within a panel's width of the panel; false when not finite.
    private static bool IsNear(double column, double row) => column is > -Size and < 2 * Size && row is > -Size and < 2 * Size;

    // Part of a pixel that a shape covers whose edge is this far from its middle.
    private static double Coverage(double radius, double distance) => Math.Clamp(radius + 0.5 - distance, 0, 1);

    private void Segment((double Column, double Row) from, (double Column, double Row) to, Rgb colour, double radius)
    {
        double dx = to.Column - from.Column, dy = to.Row - from.Row, square = dx * dx + dy * dy;
        for (int r = (int)Math.Floor(Math.Min(from.Row, to.Row) - radius); r <= Math.Max(from.Row, to.Row) + radius + 1; r++)
            for (int c = (int)Math.Floor(Math.Min(from.Column, to.Column) - radius); c <= Math.Max(from.Column, to.Column) + radius + 1; c++)
            {
                double along = square > 0 ? Math.Clamp(((c - from.Column) * dx + (r - from.Row) * dy) / square, 0, 1) : 0;
                Canvas.Blend(c, r, colour, Coverage(radius, double.Hypot(c - from.Column - along * dx, r - from.Row - along * dy)));
            }
    }
}
