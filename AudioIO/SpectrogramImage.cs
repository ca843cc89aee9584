namespace FlowVocoder.AudioIO;

/// <summary>Draws spectrograms one above the other on a common time axis, with ticks, titles and a level scale.</summary>
public static class SpectrogramImage
{
    /// <summary>What the colours span: the loudest point and this many dB below it.</summary>
    public const double RangeDecibels = 80;

    /// <summary>Height of the coloured area of each panel, in pixels.</summary>
    public const int PanelHeight = 400;

    private const int Left = 76, Right = 112, Above = 36, Below = 58, BetweenPanels = 16, TextScale = 2;
    private const int LeastWidth = 320, MostPixelsPerSecond = 400;

    /// <summary>
    /// Draws the panels. Short input gets at least 100 pixels a second; from <paramref name="widestPlot"/> pixels on, columns are averaged
    /// (in power for audio), so ten minutes need no more room than ten seconds. Panels of one unit share the colour range, so that an
    /// output can be compared with its input; a panel shorter than the longest is left blank behind its end.
    /// </summary>
    /// <param name="panels">Top to bottom, at least one.</param>
    /// <param name="widestPlot">Largest width of the coloured area in pixels; the default value is 1200.</param>
    public static RgbImage Render(IReadOnlyList<SpectrogramPanel> panels, int widestPlot = 1200)
    {
        ArgumentNullException.ThrowIfNull(panels);
        ArgumentOutOfRangeException.ThrowIfZero(panels.Count, nameof(panels));
        ArgumentOutOfRangeException.ThrowIfLessThan(widestPlot, 1);
        double seconds = panels.Max(p => p.Seconds);
        int width = PlotWidth(seconds, widestPlot);
        // A short clip keeps its scale and does not fill the whole width.
        double secondsPerColumn = Math.Max(seconds / width, 1.0 / MostPixelsPerSecond);
        double[] levels = [.. panels.Select(_ => 0.0)];
        var columns = panels.Select(p => Columns(p, width, secondsPerColumn)).ToArray();
        var image = new RgbImage(Left + width + Right, panels.Count * (Above + PanelHeight + BetweenPanels) - BetweenPanels + Below);
        for (int i = 0; i < panels.Count; i++)
        {
            int top = i * (Above + PanelHeight + BetweenPanels) + Above;
            double loudest = Loudest(panels, columns, panels[i].Unit);
            Paint(image, top, width, columns[i], loudest);
            image.Frame(Left - 1, top - 1, width + 2, PanelHeight + 2, PlotAxis.Ink);
            Text(image, Left, top - 9 - PixelFont.Height * TextScale, panels[i].Title);
            FrequencyAxis(image, top, panels[i]);
            LevelScale(image, top, Left + width + 20, loudest);
            TimeAxis(image, top + PanelHeight, width, secondsPerColumn, labelled: i == panels.Count - 1);
        }
        return image;
    }

    private static int PlotWidth(double seconds, int widest) =>
        Math.Min(widest, Math.Max(LeastWidth, (int)Math.Ceiling(seconds * MostPixelsPerSecond)));

    /// <summary>The levels in dB, [columns that the panel covers, PanelHeight], bottom first.</summary>
    private static float[][] Columns(SpectrogramPanel panel, int width, double secondsPerColumn)
    {
        int covered = Math.Clamp((int)Math.Ceiling(panel.Seconds / secondsPerColumn - 1e-6), 1, width);
        var columns = new float[covered][];
        for (int x = 0; x < covered; x++)
            panel.Column(x * secondsPerColumn, secondsPerColumn, columns[x] = new float[PanelHeight]);
        return columns;
    }

    private static double Loudest(IReadOnlyList<SpectrogramPanel> panels, float[][][] columns, string unit)
    {
        double loudest = double.NegativeInfinity;
        for (int i = 0; i < panels.Count; i++)
            if (panels[i].Unit == unit)
                foreach (float[] column in columns[i])
                    foreach (float level in column)
                        if (level > loudest) loudest = level; // NaN fails the comparison
        return double.IsFinite(loudest) ? loudest : 0;
    }

    private static void Paint(RgbImage image, int top, int width, float[][] columns, double loudest)
    {
        image.Fill(Left, top, width, PanelHeight, new Rgb(236, 236, 240));
        for (int x = 0; x < columns.Length; x++)
            for (int row = 0; row < PanelHeight; row++)
                image[Left + x, top + PanelHeight - 1 - row] = ColourMap.At(1 + (columns[x][row] - loudest) / RangeDecibels);
    }

    private static void FrequencyAxis(RgbImage image, int top, SpectrogramPanel panel)
    {
        foreach (var (value, label) in PlotAxis.Ticks(0, panel.AxisMaximum, 12))
        {
            int y = top + PanelHeight - (int)Math.Round(value / panel.AxisMaximum * PanelHeight);
            image.Fill(Left - 7, Math.Min(y, top + PanelHeight), 6, 1, PlotAxis.Ink);
            Text(image, Left - 12 - PixelFont.Width(label, TextScale), y - PixelFont.Height * TextScale / 2, label);
        }
        Text(image, 6, top - 9 - PixelFont.Height * TextScale, panel.Unit);
    }

    private static void LevelScale(RgbImage image, int top, int x, double loudest)
    {
        const int thickness = 18;
        for (int row = 0; row < PanelHeight; row++)
            image.Fill(x, top + PanelHeight - 1 - row, thickness, 1, ColourMap.At(row / (PanelHeight - 1.0)));
        image.Frame(x - 1, top - 1, thickness + 2, PanelHeight + 2, PlotAxis.Ink);
        foreach (var (value, label) in PlotAxis.Ticks(loudest - RangeDecibels, loudest, 8))
        {
            int y = top + (int)Math.Round((loudest - value) / RangeDecibels * PanelHeight);
            image.Fill(x + thickness + 1, y, 6, 1, PlotAxis.Ink);
            Text(image, x + thickness + 10, y - PixelFont.Height * TextScale / 2, label);
        }
        Text(image, x, top - 9 - PixelFont.Height * TextScale, "dB");
    }

    private static void TimeAxis(RgbImage image, int bottom, int width, double secondsPerColumn, bool labelled)
    {
        foreach (var (value, label) in PlotAxis.Ticks(0, width * secondsPerColumn, Math.Max(2, width / 90)))
        {
            int x = Left + Math.Min(width, (int)Math.Round(value / secondsPerColumn));
            image.Fill(x, bottom + 1, 1, 6, PlotAxis.Ink);
            if (labelled) Text(image, x - PixelFont.Width(label, TextScale) / 2, bottom + 12, label);
        }
        if (labelled) Text(image, Left + (width - PixelFont.Width("s", TextScale)) / 2, bottom + 34, "s");
    }

    private static void Text(RgbImage image, int x, int y, string text) =>
        PixelFont.Draw(image, x, y, text, TextScale, PlotAxis.Ink);
}
