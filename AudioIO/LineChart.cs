namespace FlowVocoder.AudioIO;

/// <summary>One curve of a <see cref="LineChart"/>.</summary>
/// <param name="Name">For the legend.</param>
/// <param name="Points">By ascending x; points that are not finite are gaps.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<(double X, double Y)> Points);

/// <summary>Draws curves over a common axis: the log of a training.</summary>
public static class LineChart
{
    private const int Left = 110, Right = 30, Above = 40, Below = 62, TextScale = 2;

    // Dark enough on white, and told apart by the colour-blind.
    private static readonly Rgb[] Colours =
        [new(0, 92, 170), new(200, 80, 0), new(0, 130, 90), new(170, 60, 130), new(90, 90, 96), new(150, 120, 0)];

    private static readonly Rgb Grid = new(226, 226, 232);

    /// <summary>Draws the curves; both axes span the finite points.</summary>
    /// <param name="title">The line above.</param>
    /// <param name="xLabel">What x is, below the axis.</param>
    /// <param name="series">At least one; past the sixth, colours repeat.</param>
    /// <param name="width">Of the picture in pixels, at least 300; the default value is 1200.</param>
    /// <param name="height">Of the picture in pixels, at least 200; the default value is 600.</param>
    /// <exception cref="VocoderException">No series has a finite point.</exception>
    public static RgbImage Render(string title, string xLabel, IReadOnlyList<ChartSeries> series, int width = 1200, int height = 600)
    {
        ArgumentNullException.ThrowIfNull(series);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 300);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 200);
        (double X, double Y)[] points = [.. series.SelectMany(s => s.Points).Where(IsFinite)];
        if (points.Length == 0) throw new VocoderException($"{title}: found no finite point to draw, expected at least one");
        var image = new RgbImage(width, height);
        var across = new Scale(points.Min(p => p.X), points.Max(p => p.X), Left, width - Right - 1);
        var up = new Scale(points.Min(p => p.Y), points.Max(p => p.Y), height - Below - 1, Above);
        Axes(image, across, up, xLabel);
        Text(image, Left, 10, title, PlotAxis.Ink);
        for (int i = 0; i < series.Count; i++) Curve(image, series[i], across, up, Colours[i % Colours.Length]);
        Legend(image, series);
        return image;
    }

    private static bool IsFinite((double X, double Y) point) => double.IsFinite(point.X) && double.IsFinite(point.Y);

    private static void Axes(RgbImage image, Scale across, Scale up, string xLabel)
    {
        foreach (var (value, label) in PlotAxis.Ticks(across.From, across.To, 8))
        {
            int x = across.Pixel(value);
            image.Fill(x, Above, 1, image.Height - Below - Above, Grid);
            Text(image, x - PixelFont.Width(label, TextScale) / 2, image.Height - Below + 10, label, PlotAxis.Ink);
        }
        foreach (var (value, label) in PlotAxis.Ticks(up.From, up.To, 8))
        {
            int y = up.Pixel(value);
            image.Fill(Left, y, image.Width - Right - Left, 1, Grid);
            Text(image, Left - 10 - PixelFont.Width(label, TextScale), y - PixelFont.Height * TextScale / 2, label, PlotAxis.Ink);
        }
        image.Frame(Left, Above, image.Width - Right - Left, image.Height - Below - Above, PlotAxis.Ink);
        Text(image, (Left + image.Width - Right - PixelFont.Width(xLabel, TextScale)) / 2, image.Height - 26, xLabel, PlotAxis.Ink);
    }

    private static void Curve(RgbImage image, ChartSeries series, Scale across, Scale up, Rgb colour)
    {
        (int X, int Y)? last = null;
        foreach (var point in series.Points)
        {
            if (!IsFinite(point))
            {
                last = null;
                continue;
            }
            var now = (X: across.Pixel(point.X), Y: up.Pixel(point.Y));
            Stroke(image, last ?? now, now, colour);
            last = now;
        }
    }

    /// <summary>A straight line two pixels thick.</summary>
    private static void Stroke(RgbImage image, (int X, int Y) from, (int X, int Y) to, Rgb colour)
    {
        int steps = Math.Max(1, Math.Max(Math.Abs(to.X - from.X), Math.Abs(to.Y - from.Y)));
        for (int i = 0; i <= steps; i++)
            image.Fill(from.X + (to.X - from.X) * i / steps, from.Y + (to.Y - from.Y) * i / steps, 2, 2, colour);
    }

    private static void Legend(RgbImage image, IReadOnlyList<ChartSeries> series)
    {
        int right = image.Width - Right - 14, widest = series.Max(s => PixelFont.Width(s.Name, TextScale));
        for (int i = 0; i < series.Count; i++)
        {
            int y = Above + 14 + i * 22;
            image.Fill(right - widest - 40, y - 4, widest + 46, 22, new Rgb(255, 255, 255));
            image.Fill(right - widest - 34, y + 5, 24, 4, Colours[i % Colours.Length]);
            Text(image, right - widest, y, series[i].Name, PlotAxis.Ink);
        }
    }

    private static void Text(RgbImage image, int x, int y, string text, Rgb colour) =>
        PixelFont.Draw(image, x, y, text, TextScale, colour);

    /// <summary>Maps values to pixels; a range without extent is widened, so that a single point can be drawn.</summary>
    private readonly struct Scale
    {
        private readonly int _start, _end;

        internal Scale(double from, double to, int start, int end)
        {
            double extent = to - from, most = Math.Max(Math.Abs(from), Math.Abs(to));
            double widen = extent > most * 1e-9 ? 0 : Math.Max(0.5, most * 0.1);
            (From, To, _start, _end) = (from - widen, to + widen, start, end);
        }

        internal double From { get; }

        internal double To { get; }

        internal int Pixel(double value) => (int)Math.Round(_start + (value - From) / (To - From) * (_end - _start));
    }
}
