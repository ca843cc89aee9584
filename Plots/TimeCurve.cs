using ScottPlot;
using ScottPlot.Plottables;

namespace FlowVocoder.Plots;

/// <summary>Curves over time under a panel of a <see cref="SpectrogramPicture"/>.</summary>
/// <param name="Label">What the vertical axis shows.</param>
/// <param name="Series">The curves, over seconds, at least one.</param>
/// <param name="Bounds">Levels at which a dashed line is drawn.</param>
public sealed record TimeCurve(string Label, IReadOnlyList<ChartSeries> Series, IReadOnlyList<double> Bounds)
{
    /// <summary>Height of the plotted area in pixels.</summary>
    internal const int Height = 160;

    internal static Plot Draw(TimeCurve curve, double seconds)
    {
        Plot plot = Picture.NewPlot("");
        var palette = new ScottPlot.Palettes.ColorblindFriendly();
        plot.YLabel(curve.Label);
        foreach (double bound in curve.Bounds)
        {
            HorizontalLine line = plot.Add.HorizontalLine(bound, 1, Colors.Gray, LinePattern.Dashed);
            line.ExcludeFromLegend = true;
        }
        foreach (var (i, series) in curve.Series.Index())
        {
            Scatter drawn = plot.Add.Scatter(series.Points.Where(LineChart.IsFinite).Select(p => new Coordinates(p.X, p.Y)).ToArray(), palette.GetColor(i));
            (drawn.LineWidth, drawn.MarkerSize, drawn.LegendText) = (i == 0 ? 1.5f : 2.5f, 0, series.Name);
        }
        plot.ShowLegend(Alignment.UpperRight, Orientation.Horizontal);
        plot.Legend.OutlineWidth = 0;
        plot.Legend.ShadowColor = Colors.Transparent;
        AxisLimits limits = plot.Axes.GetDataLimits();
        double low = Math.Min(limits.Bottom, curve.Bounds.DefaultIfEmpty(0).Min()), high = Math.Max(limits.Top, curve.Bounds.DefaultIfEmpty(0).Max());
        // Room above for the legend.
        plot.Axes.SetLimits(0, seconds, low - 0.1 * (high - low), high + 0.35 * (high - low));
        return plot;
    }
}
