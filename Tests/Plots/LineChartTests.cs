using FlowVocoder.Plots;

namespace FlowVocoder.Tests.Plots;

public class LineChartTests
{
    // The first colours of the palette of Okabe and Ito (2008).
    private static readonly (byte R, byte G, byte B) First = (0, 0, 0), Second = (230, 159, 0);

    private static Pixels Render(params ChartSeries[] series) => new(LineChart.Render("t", "x", series, 600, 400));

    // Places of a colour, below the title and within the frame, whose lines are as black as the first curve.
    private static (int X, int Y)[] Places(Pixels image, (byte R, byte G, byte B) colour) =>
        [.. from x in Enumerable.Range(60, 480) from y in Enumerable.Range(60, 220) where image.Distance(x, y, colour) < 60 select (x, y)];

    [Fact]
    public void A_curve_rises_from_left_to_right()
    {
        (int X, int Y)[] places = Places(Render(new ChartSeries("a", [(0, -1), (10, 1)])), First);
        (int X, int Y) left = places.MinBy(p => p.X), right = places.MaxBy(p => p.X);
        Assert.True(right.X - left.X > 300 && left.Y - right.Y > 150, $"from {left} to {right}");
        // Straight: its middle is half way.
        Assert.Contains(places, p => Math.Abs(p.X - (left.X + right.X) / 2) < 3 && Math.Abs(p.Y - (left.Y + right.Y) / 2) < 3);
    }

    [Fact]
    public void Points_that_are_not_finite_are_gaps()
    {
        (double, double)[] points = [(0, 0), (1, 0), (2, double.NaN), (3, 0), (4, 0), (4, 1)];
        (int X, int Y)[] broken = Places(Render(new ChartSeries("a", points)), First);
        points[2] = (2, 0);
        (int X, int Y)[] whole = Places(Render(new ChartSeries("a", points)), First);
        int Columns((int X, int Y)[] places) => places.Select(p => p.X).Distinct().Count();
        Assert.InRange(Columns(broken), Columns(whole) * 0.4, Columns(whole) * 0.65);
    }

    [Fact]
    public void Series_have_colours_of_their_own_and_share_the_axes()
    {
        Pixels image = Render(new ChartSeries("low", [(0, 0), (1, 0)]), new ChartSeries("high", [(0, 1), (1, 1)]));
        Assert.True(Places(image, First).Min(p => p.Y) - Places(image, Second).Max(p => p.Y) > 150);
    }

    [Fact]
    public void A_single_point_is_drawn_and_none_is_refused()
    {
        (int X, int Y)[] dot = Places(Render(new ChartSeries("none", [(0, double.NaN)]), new ChartSeries("a", [(5, 7)])), Second);
        Assert.InRange(dot.Length, 20, 60);
        var none = Assert.Throws<VocoderException>(() => LineChart.Render("log.csv", "x", [new ChartSeries("a", [(0, double.NaN)])]));
        Assert.Equal("log.csv: found no finite point to draw, expected at least one", none.Message);
    }
}
