using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class LineChartTests
{
    private static readonly Rgb First = new(0, 92, 170), Second = new(200, 80, 0);

    [Fact]
    public void ACurveRunsFromCornerToCornerThroughItsMiddle()
    {
        var image = LineChart.Render("t", "step", [new ChartSeries("a", [(0, -1), (10, 1)])], 600, 302);
        // The plot spans x 110…569 and y 239…40.
        Assert.Equal(First, image[110, 239]);
        Assert.Equal(First, image[340, 140]);
        Assert.Equal(First, image[569, 41]);
        Assert.NotEqual(First, image[340, 200]);
    }

    [Fact]
    public void PointsThatAreNotFiniteAreGaps()
    {
        var image = LineChart.Render("t", "x", [new ChartSeries("a", [(0, 0), (1, 0), (2, double.NaN), (3, 0), (4, 1)])], 600, 302);
        Assert.Equal(First, image[110 + 50, 239]);
        Assert.NotEqual(First, image[110 + 230, 239]);
        Assert.Equal(First, image[110 + 344, 239]);
    }

    [Fact]
    public void SeriesHaveColoursOfTheirOwnAndShareTheAxes()
    {
        var image = LineChart.Render("t", "x", [new ChartSeries("low", [(0, 0), (1, 0)]), new ChartSeries("high", [(0, 1), (1, 1)])], 600, 302);
        Assert.Equal(First, image[300, 239]);
        Assert.Equal(Second, image[300, 40]);
    }

    [Fact]
    public void ASinglePointIsDrawnAndNoneIsRefused()
    {
        Assert.Equal(First, LineChart.Render("t", "x", [new ChartSeries("a", [(5, 7)])], 600, 302)[340, 140]);
        var none = Assert.Throws<VocoderException>(() => LineChart.Render("log.csv", "x", [new ChartSeries("a", [(0, double.NaN)])]));
        Assert.Contains("log.csv", none.Message);
    }
}
