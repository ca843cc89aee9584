using ScottPlot;
using ScottPlot.Plottables;

namespace FlowVocoder.Plots;

/// <summary>Draws spectrograms one above the other on a common time axis, with titles, axes and a colour bar.</summary>
public static class SpectrogramPicture
{
    /// <summary>What the colours span: the loudest point and this many dB below it.</summary>
    public const double RangeDecibels = 80;

    /// <summary>Height of the coloured area of each panel, in pixels.</summary>
    public const int PanelHeight = 400;

    internal const int Left = 76, Right = 112, Above = 44, Below = 30, BelowPanel = 26, TimeAxis = 28;
    private const int MinWidth = 320, MaxPixelsPerSecond = 400;

    /// <summary>
    /// Draws the panels. Short input gets at least 100 pixels a second; from <paramref name="widestPlot"/> pixels on, columns are averaged
    /// (in power for audio), so ten minutes need no more room than ten seconds. Panels of one unit share the colour range, so that an
    /// output can be compared with its input; a panel shorter than the longest is left blank behind its end.
    /// </summary>
    /// <param name="panels">Top to bottom, at least one.</param>
    /// <param name="widestPlot">Largest width of the coloured area in pixels; the default value is 1200.</param>
    /// <exception cref="VocoderException">Nothing can be drawn on this machine.</exception>
    public static Picture Render(IReadOnlyList<SpectrogramPanel> panels, int widestPlot = 1200)
    {
        ArgumentNullException.ThrowIfNull(panels);
        ArgumentOutOfRangeException.ThrowIfZero(panels.Count, nameof(panels));
        ArgumentOutOfRangeException.ThrowIfLessThan(widestPlot, 1);
        double seconds = panels.Max(p => p.Seconds);
        int width = Math.Min(widestPlot, Math.Max(MinWidth, (int)Math.Ceiling(seconds * MaxPixelsPerSecond)));
        // A short clip keeps its scale and does not fill the whole width.
        double secondsPerColumn = Math.Max(seconds / width, 1.0 / MaxPixelsPerSecond);
        double[][,] levels = [.. panels.Select(p => Levels(p, width, secondsPerColumn))];
        int pictureWidth = Left + width + Right;
        return Picture.Of(pictureWidth, panels.Sum(HeightOf) + TimeAxis, () =>
        {
            var plots = new List<(Plot, PixelRect)>();
            int top = 0;
            foreach (var (i, panel) in panels.Index())
            {
                Plot plot = PanelPlot(panel, levels[i], width * secondsPerColumn, Loudest(panels, levels, panel.Unit));
                Place(plot, Above, PanelHeight, panel.Below == null ? Below : 0, panel.Below == null && i == panels.Count - 1);
                if (panel.Below != null)
                    Place(TimeCurve.Draw(panel.Below, width * secondsPerColumn), BelowPanel, TimeCurve.Height, Below, i == panels.Count - 1);
            }
            return plots;

            // One plot under what is there already; the last one has the numbers of the time axis.
            void Place(Plot plot, int above, int inner, int below, bool last)
            {
                if (last) plot.XLabel("s");
                int axis = last ? TimeAxis : 0, bottom = top + above + inner + below;
                plot.Layout.Fixed(new PixelPadding(Left, Right, below + axis, above));
                plots.Add((plot, new PixelRect(0, pictureWidth, bottom + axis, top)));
                top = bottom;
            }
        });
    }

    private static int HeightOf(SpectrogramPanel panel) => Above + PanelHeight + Below + (panel.Below == null ? 0 : BelowPanel + TimeCurve.Height);

    /// <summary>Adds a heat map, [rows, columns] from the top left, in colours whose lightness rises with the level; NaN stays blank.</summary>
    internal static Heatmap AddLevels(Plot plot, double[,] levels, CoordinateRect place, ScottPlot.Range range)
    {
        Heatmap map = plot.Add.Heatmap(levels);
        map.Extent = place;
        map.Colormap = new ScottPlot.Colormaps.Magma();
        map.ManualRange = range;
        return map;
    }

    private static Plot PanelPlot(SpectrogramPanel panel, double[,] levels, double seconds, double loudest)
    {
        Plot plot = Picture.NewPlot(panel.Title);
        plot.HideGrid();
        plot.DataBackground.Color = new Color(236, 236, 240);
        Heatmap map = AddLevels(plot, levels, new CoordinateRect(0, seconds, 0, panel.AxisMaximum), new ScottPlot.Range(loudest - RangeDecibels, loudest));
        var bar = plot.Add.ColorBar(map);
        bar.Label = "dB";
        bar.LabelStyle.Bold = false;
        bar.LabelStyle.FontSize = 14;
        plot.YLabel(panel.Unit);
        plot.Axes.SetLimits(0, seconds, 0, panel.AxisMaximum);
        return plot;
    }

    /// <summary>The levels in dB, [PanelHeight, width] from the top left, NaN behind the end of the panel.</summary>
    private static double[,] Levels(SpectrogramPanel panel, int width, double secondsPerColumn)
    {
        int covered = Math.Clamp((int)Math.Ceiling(panel.Seconds / secondsPerColumn - 1e-6), 1, width);
        var levels = new double[PanelHeight, width];
        var column = new float[PanelHeight];
        for (int x = 0; x < width; x++)
        {
            if (x < covered) panel.Column(x * secondsPerColumn, secondsPerColumn, column);
            for (int row = 0; row < PanelHeight; row++) levels[PanelHeight - 1 - row, x] = x < covered ? column[row] : double.NaN;
        }
        return levels;
    }

    private static double Loudest(IReadOnlyList<SpectrogramPanel> panels, double[][,] levels, string unit)
    {
        double loudest = double.NegativeInfinity;
        for (int i = 0; i < panels.Count; i++)
            if (panels[i].Unit == unit)
                foreach (double level in levels[i])
                    if (level > loudest) loudest = level; // NaN fails the comparison
        return double.IsFinite(loudest) ? loudest : 0;
    }
}
