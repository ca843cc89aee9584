using ScottPlot;
using ScottPlot.Plottables;

namespace FlowVocoder.Plots;

/// <summary>One curve of a <see cref="LineChart"/>.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Points">By ascending x; points that are not finite are gaps.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Draws curves over a common axis: the log of a training.</summary>
public static class LineChart
{
    /// <summary>Draws the curves; both axes span the finite points.</summary>
    /// <param name="title">The line above.</param>
    /// <param name="xLabel">What x is, below the axis.</param>
    /// <param name="series">At least one, in colours that the colour-blind can tell apart; past the eighth, they repeat.</param>
    /// <param name="width">Of the picture in pixels, at least 300; the default value is 1200.</param>
    /// <param name="height">Of the picture in pixels, at least 200; the default value is 600.</param>
    /// <exception cref="VocoderException">No series has a finite point, or nothing can be drawn on this machine.</exception>
    public static Picture Render(string title, string xLabel, IReadOnlyList<ChartSeries> series, int width = 1200, int height = 600)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 300);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 200);
        if (!series.Any(s => s.Points.Any(IsFinite))) throw new VocoderException($"{title}: found no finite point to draw, expected at least one");
        return Picture.Of(width, height, () => [(Plot(title, xLabel, series), new PixelRect(0, width, height, 0))]);
    }

    internal static bool IsFinite((double X, double Y) point) => double.IsFinite(point.X) && double.IsFinite(point.Y);

    private static Plot Plot(string title, string xLabel, IReadOnlyList<ChartSeries> series)
    {
        Plot plot = Picture.NewPlot(title);
        var palette = new ScottPlot.Palettes.ColorblindFriendly();
        plot.XLabel(xLabel);
        for (int i = 0; i < series.Count; i++)
        {
            Color colour = palette.GetColor(i);
            string? legend = series[i].Name;
            foreach (Coordinates[] run in Runs(series[i].Points))
            {
                Scatter curve = plot.Add.Scatter(run, colour);
                curve.LineWidth = 2;
                curve.MarkerSize = run.Length == 1 ? 7 : 0;
                curve.LegendText = legend ?? "";
                legend = null;
            }
        }
        // Outside, where it covers no curve.
        plot.ShowLegend(Edge.Bottom);
        plot.Legend.Orientation = Orientation.Horizontal;
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
        return plot;
    }

    /// <summary>The stretches of finite points.</summary>
    private static IEnumerable<Coordinates[]> Runs(IReadOnlyList<(double X, double Y)> points)
    {
        var run = new List<Coordinates>();
        foreach (var point in points)
        {
            if (IsFinite(point)) run.Add(new Coordinates(point.X, point.Y));
            else if (run.Count > 0)
            {
                yield return [.. run];
                run.Clear();
            }
        }
        if (run.Count > 0) yield return [.. run];
    }
}
