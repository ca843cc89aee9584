using ScottPlot;

namespace FlowVocoder.Plots;

/// <summary>Sets panels of the plane side by side, with titles and axes.</summary>
public static class PlanePicture
{
    /// <summary>Width and height of the square that a panel's points lie in, in pixels.</summary>
    public const int PanelSize = 480;

    internal const int Left = 52, Right = 24, Above = 42, Below = 40, Heading = 68;

    /// <summary>Draws the panels in rows.</summary>
    /// <param name="title">The heading, in large letters.</param>
    /// <param name="subtitle">The line below it.</param>
    /// <param name="panels">From left to right and top to bottom, at least one.</param>
    /// <param name="across">Panels in a row; the default value is 2.</param>
    /// <exception cref="VocoderException">Nothing can be drawn on this machine.</exception>
    public static Picture Render(string title, string subtitle, IReadOnlyList<PlanePanel> panels, int across = 2)
    {
        ArgumentNullException.ThrowIfNull(panels);
        ArgumentOutOfRangeException.ThrowIfZero(panels.Count, nameof(panels));
        ArgumentOutOfRangeException.ThrowIfLessThan(across, 1);
        int columns = Math.Min(across, panels.Count), rows = (panels.Count + across - 1) / across;
        const int cellWidth = Left + PanelSize + Right, cellHeight = Above + PanelSize + Below;
        int width = columns * cellWidth;
        return Picture.Of(width, Heading + rows * cellHeight, () =>
        [
            (HeadingPlot(title, subtitle), new PixelRect(0, width, Heading, 0)),
            .. panels.Select((panel, i) =>
            {
                int left = i % across * cellWidth, top = Heading + i / across * cellHeight;
                return (panel.ToPlot(new PixelPadding(Left, Right, Below, Above)), new PixelRect(left, left + cellWidth, top + cellHeight, top));
            }),
        ]);
    }

    private static Plot HeadingPlot(string title, string subtitle)
    {
        Plot plot = Picture.EmptyPlot();
        plot.Layout.Frameless();
        plot.HideGrid();
        AddLine(title, 22, 18);
        AddLine(subtitle, 14, 46);
        return plot;

        void AddLine(string text, float size, float top)
        {
            var line = plot.Add.Annotation(text, Alignment.UpperLeft);
            (line.OffsetX, line.OffsetY) = (Left - 8, top - 8);
            line.LabelFontSize = size;
            line.LabelBackgroundColor = line.LabelBorderColor = line.LabelShadowColor = Colors.Transparent;
        }
    }
}
