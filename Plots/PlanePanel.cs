using ScottPlot;

namespace FlowVocoder.Plots;

/// <summary>A square picture of the plane from -extent to +extent on both axes, y upwards. What is drawn later lies above.</summary>
public sealed class PlanePanel
{
    private readonly List<Action<Plot>> _drawn = [];

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

    /// <summary>Draws points as discs of <paramref name="radius"/> pixels; points that are not finite are left out.</summary>
    /// <param name="x">Across.</param>
    /// <param name="y">Upwards, as many.</param>
    /// <param name="colour">Of the discs.</param>
    /// <param name="opacity">0 to 1; the default value is 0.5.</param>
    /// <param name="radius">In pixels; the default value is 1.6.</param>
    public void Dots(ReadOnlySpan<float> x, ReadOnlySpan<float> y, System.Drawing.Color colour, double opacity = 0.5, double radius = 1.6)
    {
        Coordinates[] points = [.. Points(x, y).Where(IsFinite)];
        _drawn.Add(plot => plot.Add.Markers(points, MarkerShape.FilledCircle, (float)(2 * radius), Color.FromColor(colour).WithOpacity(opacity)));
    }

    /// <summary>Draws a line through points, <paramref name="width"/> pixels wide; it is broken where a point is far outside or not finite.</summary>
    /// <param name="x">Across.</param>
    /// <param name="y">Upwards, as many.</param>
    /// <param name="colour">Of the line.</param>
    /// <param name="width">In pixels; the default value is 1.2.</param>
    public void Line(ReadOnlySpan<float> x, ReadOnlySpan<float> y, System.Drawing.Color colour, double width = 1.2)
    {
        var run = new List<Coordinates>();
        foreach (Coordinates point in Points(x, y).Append(Coordinates.NaN))
        {
            if (IsFinite(point) && Math.Abs(point.X) < 3 * Extent && Math.Abs(point.Y) < 3 * Extent) run.Add(point);
            else if (run.Count > 0)
            {
                Coordinates[] piece = [.. run];
                run.Clear();
                _drawn.Add(plot => plot.Add.ScatterLine(piece, Color.FromColor(colour)).LineWidth = (float)width);
            }
        }
    }

    /// <summary>Colours the panel by levels from 0 to 1, smoothly between their middles.</summary>
    /// <param name="levels">[squares, squares], row after row from the bottom left.</param>
    /// <param name="squares">In a row.</param>
    /// <exception cref="ArgumentException">Another number of levels.</exception>
    public void Levels(ReadOnlySpan<float> levels, int squares)
    {
        if (squares < 1 || levels.Length != squares * squares)
            throw new ArgumentException($"{levels.Length} levels are not {squares} rows of {squares}", nameof(levels));
        double[,] rows = new double[squares, squares];
        for (int row = 0; row < squares; row++)
            for (int column = 0; column < squares; column++) rows[squares - 1 - row, column] = levels[(row * squares) + column];
        var place = new CoordinateRect(-Extent, Extent, -Extent, Extent);
        _drawn.Add(plot => SpectrogramPicture.AddLevels(plot, rows, place, new ScottPlot.Range(0, 1)).Smooth = true);
    }

    /// <summary>The plot of all that was drawn.</summary>
    /// <param name="around">Room for title and axes, in pixels.</param>
    internal Plot ToPlot(PixelPadding around)
    {
        Plot plot = Picture.NewPlot(Title);
        plot.Layout.Fixed(around);
        plot.HideGrid();
        foreach (Action<Plot> draw in _drawn) draw(plot);
        plot.Axes.SetLimits(-Extent, Extent, -Extent, Extent);
        return plot;
    }

    private static Coordinates[] Points(ReadOnlySpan<float> x, ReadOnlySpan<float> y)
    {
        var points = new Coordinates[x.Length];
        for (int i = 0; i < points.Length; i++) points[i] = new Coordinates(x[i], y[i]);
        return points;
    }

    private static bool IsFinite(Coordinates point) => LineChart.IsFinite((point.X, point.Y));
}
