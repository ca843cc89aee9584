namespace FlowVocoder.AudioIO;

/// <summary>Sets panels of the plane side by side, with titles and axes.</summary>
public static class PlaneImage
{
    private const int Left = 52, Right = 24, Above = 42, Below = 40, Heading = 62, TextScale = 2, HeadingScale = 3;

    /// <summary>Draws the panels in rows.</summary>
    /// <param name="title">The heading, in large letters.</param>
    /// <param name="subtitle">The line below it.</param>
    /// <param name="panels">From left to right and top to bottom, at least one.</param>
    /// <param name="across">Panels in a row; the default value is 2.</param>
    public static RgbImage Render(string title, string subtitle, IReadOnlyList<PlanePanel> panels, int across = 2)
    {
        ArgumentNullException.ThrowIfNull(panels);
        ArgumentOutOfRangeException.ThrowIfZero(panels.Count, nameof(panels));
        ArgumentOutOfRangeException.ThrowIfLessThan(across, 1);
        int columns = Math.Min(across, panels.Count), rows = (panels.Count + across - 1) / across;
        const int cellWidth = Left + PlanePanel.Size + Right, cellHeight = Above + PlanePanel.Size + Below;
        var image = new RgbImage(columns * cellWidth, Heading + rows * cellHeight);
        PixelFont.Draw(image, Left, 16, title, HeadingScale, PlotAxis.Ink);
        PixelFont.Draw(image, Left, 48, subtitle, TextScale, PlotAxis.Ink);
        for (int i = 0; i < panels.Count; i++)
            Place(image, panels[i], i % across * cellWidth + Left, Heading + i / across * cellHeight + Above);
        return image;
    }

    private static void Place(RgbImage image, PlanePanel panel, int left, int top)
    {
        const int size = PlanePanel.Size;
        for (int row = 0; row < size; row++)
            for (int column = 0; column < size; column++) image[left + column, top + row] = panel.Canvas[column, row];
        image.Frame(left - 1, top - 1, size + 2, size + 2, PlotAxis.Ink);
        Text(image, left, top - 9 - PixelFont.Height * TextScale, panel.Title);
        foreach (var (value, label) in PlotAxis.Ticks(-panel.Extent, panel.Extent, 6))
        {
            int at = (int)Math.Round((value / panel.Extent + 1) / 2 * (size - 1));
            image.Fill(left + at, top + size + 1, 1, 5, PlotAxis.Ink);
            Text(image, left + at - PixelFont.Width(label, TextScale) / 2, top + size + 10, label);
            image.Fill(left - 6, top + size - 1 - at, 5, 1, PlotAxis.Ink);
            Text(image, left - 10 - PixelFont.Width(label, TextScale), top + size - 1 - at - PixelFont.Height * TextScale / 2, label);
        }
    }

    private static void Text(RgbImage image, int x, int y, string text) => PixelFont.Draw(image, x, y, text, TextScale, PlotAxis.Ink);
}
