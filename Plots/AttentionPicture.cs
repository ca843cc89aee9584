using ScottPlot;

namespace FlowVocoder.Plots;

/// <summary>Where in a text a model reads for each frame of the mel that it makes.</summary>
/// <param name="Title">The line above the panel.</param>
/// <param name="Weights">For each frame, a weight of each symbol, 0 to 1.</param>
public sealed record AttentionPanel(string Title, IReadOnlyList<float[]> Weights);

/// <summary>Draws attention over a text, one panel for each flow, above the mel, on a common time axis.</summary>
public static class AttentionPicture
{
    private const int SymbolHeight = 11, SmallestPanel = 180, LargestPanel = 660, MelHeight = 240, Width = 1000, LongestSymbol = 4;

    /// <summary>Draws the panels.</summary>
    /// <param name="panels">Top to bottom, at least one; all of as many frames as the mel.</param>
    /// <param name="symbols">The text, from first to last, written beside the axis where there is room.</param>
    /// <param name="title">The line above the mel.</param>
    /// <param name="mel">[frames][bands], natural logarithms of magnitudes.</param>
    /// <param name="secondsPerFrame">Hop over sample rate.</param>
    /// <exception cref="VocoderException">Nothing can be drawn on this machine.</exception>
    public static Picture Render(IReadOnlyList<AttentionPanel> panels, IReadOnlyList<string> symbols, string title, IReadOnlyList<float[]> mel,
        double secondsPerFrame)
    {
        ArgumentNullException.ThrowIfNull(panels);
        ArgumentNullException.ThrowIfNull(symbols);
        ArgumentNullException.ThrowIfNull(mel);
        ArgumentOutOfRangeException.ThrowIfZero(panels.Count, nameof(panels));
        ArgumentOutOfRangeException.ThrowIfZero(mel.Count, nameof(mel));
        int inner = Math.Clamp(symbols.Count * SymbolHeight, SmallestPanel, LargestPanel), left = SpectrogramPicture.Left, right = SpectrogramPicture.Right,
            above = SpectrogramPicture.Above, below = SpectrogramPicture.Below, cell = above + inner + below,
            height = panels.Count * cell + above + MelHeight + below + SpectrogramPicture.TimeAxis;
        return Picture.Of(left + Width + right, height, () =>
        {
            var plots = new List<(Plot, PixelRect)>();
            foreach (var (i, panel) in panels.Index())
            {
                Plot plot = Panel(panel.Title, Levels(panel.Weights, symbols.Count), secondsPerFrame, new ScottPlot.Range(0, 1), "weight");
                Name(plot, symbols, inner);
                Place(plot, i * cell, (i + 1) * cell, below);
            }
            Plot last = Panel(title, Levels(mel, mel[0].Length), secondsPerFrame, Range(mel), "ln");
            last.YLabel("band");
            last.XLabel("s");
            Place(last, panels.Count * cell, height, below + SpectrogramPicture.TimeAxis);
            return plots;

            void Place(Plot plot, int top, int bottom, int under)
            {
                plot.Layout.Fixed(new PixelPadding(left, right, under, above));
                plots.Add((plot, new PixelRect(0, left + Width + right, bottom, top)));
            }
        });
    }

    private static Plot Panel(string title, double[,] levels, double secondsPerFrame, ScottPlot.Range range, string unit)
    {
        Plot plot = Picture.NewPlot(title);
        plot.HideGrid();
        double seconds = levels.GetLength(1) * secondsPerFrame, rows = levels.GetLength(0);
        var map = SpectrogramPicture.AddLevels(plot, levels, new CoordinateRect(0, seconds, 0, rows), range);
        var bar = plot.Add.ColorBar(map);
        bar.Label = unit;
        bar.LabelStyle.Bold = false;
        bar.LabelStyle.FontSize = 14;
        plot.Axes.SetLimits(0, seconds, 0, rows);
        return plot;
    }

    // The first symbol at the bottom; as many names as do not touch.
    private static void Name(Plot plot, IReadOnlyList<string> symbols, int inner)
    {
        int every = (symbols.Count * SymbolHeight + inner - 1) / inner;
        int[] named = [.. Enumerable.Range(0, symbols.Count).Where(i => i % every == 0)];
        string Short(int i) => symbols[i].Length > LongestSymbol ? symbols[i][..LongestSymbol] : symbols[i];
        plot.Axes.Left.SetTicks([.. named.Select(i => i + 0.5)], [.. named.Select(Short)]);
        plot.Axes.Left.TickLabelStyle.FontSize = SymbolHeight;
        plot.Axes.Left.MajorTickStyle.Length = 2;
    }

    private static double[,] Levels(IReadOnlyList<float[]> columns, int rows)
    {
        var levels = new double[rows, columns.Count];
        for (int t = 0; t < columns.Count; t++)
            for (int row = 0; row < rows; row++) levels[rows - 1 - row, t] = columns[t][row];
        return levels;
    }

    private static ScottPlot.Range Range(IReadOnlyList<float[]> mel) => new(mel.Min(frame => frame.Min()), mel.Max(frame => frame.Max()) + 1e-6);
}
