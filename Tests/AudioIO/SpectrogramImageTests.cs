using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class SpectrogramImageTests
{
    private const int Left = 76, Top = 36;

    private static float[] Sine(double hz, int rate, double seconds, double amplitude = 0.5) =>
        [.. Enumerable.Range(0, (int)(rate * seconds)).Select(n => (float)(amplitude * Math.Sin(2 * Math.PI * hz * n / rate)))];

    private static double Lightness(Rgb c) => 0.2126 * c.R + 0.7152 * c.G + 0.0722 * c.B;

    [Theory]
    [InlineData(1000)]
    [InlineData(7500)]
    public void ASineIsBrightestAtItsFrequency(double hz)
    {
        var image = SpectrogramImage.Render([SpectrogramPanel.OfAudio("sine", Sine(hz, 22050, 1), 22050)]);
        int brightest = Enumerable.Range(Top, 400).MaxBy(y => Lightness(image[Left + 200, y]));
        double found = (Top + 400 - brightest - 0.5) / 400 * 11025;
        Assert.InRange(found, hz - 28, hz + 28); // one pixel is 27.6 Hz
    }

    [Fact]
    public void AFullScaleSineIsZeroDecibels()
    {
        var levels = new float[400];
        SpectrogramPanel.OfAudio("sine", Sine(51 * 22050 / 1024.0, 22050, 1, 1), 22050).Column(0.5, 0.0025, levels);
        Assert.InRange(levels.Max(), -0.01, 0.01);
        SpectrogramPanel.OfAudio("sine", Sine(51 * 22050 / 1024.0, 22050, 1, 0.01), 22050).Column(0.5, 0.0025, levels);
        Assert.InRange(levels.Max(), -40.01, -39.99);
    }

    [Theory]
    [InlineData(0.5, 320)]
    [InlineData(2, 800)]
    [InlineData(12, 1200)]
    [InlineData(100, 1200)]
    public void WidthFollowsTheDurationUpToTheLimit(double seconds, int expected)
    {
        var image = SpectrogramImage.Render([SpectrogramPanel.OfMel("m", new float[(int)(seconds * 100)], 1, 0.01)]);
        Assert.Equal(Left + expected + 112, image.Width);
    }

    [Fact]
    public void LongInputAveragesItsFrames()
    {
        // Two frames a column, 0 and -20 units of 2 dB: their mean is -20 dB.
        var mel = new float[2 * 4800];
        for (int t = 0; t < 4800; t++) (mel[t], mel[4800 + t]) = (t % 2 * -20, 0);
        var levels = new float[2];
        SpectrogramPanel.OfMel("m", mel, 2, 0.01, decibelsPerUnit: 2).Column(1.0, 0.02, levels);
        Assert.Equal([-20f, 0f], levels);
    }

    [Fact]
    public void AShorterPanelEndsWhereItEndsAndTheRangeIsShared()
    {
        var loud = new float[200];
        var quiet = new float[100];
        Array.Fill(quiet, -40f);
        var image = SpectrogramImage.Render(
        [
            SpectrogramPanel.OfMel("input", loud, 1, 0.01, 1),
            SpectrogramPanel.OfMel("output", quiet, 1, 0.01, 1),
        ]);
        int second = Top + 400 + 16 + Top;
        Assert.Equal(ColourMap.At(1), image[Left + 700, Top + 200]);
        Assert.Equal(ColourMap.At(0.5), image[Left + 399, second + 200]);
        Assert.Equal(new Rgb(236, 236, 240), image[Left + 400, second + 200]);
    }

    [Fact]
    public void ColoursGrowLighterWithTheLevel()
    {
        var lightness = Enumerable.Range(0, 256).Select(i => Lightness(ColourMap.At(i / 255.0))).ToArray();
        for (int i = 1; i < 256; i++) Assert.True(lightness[i] > lightness[i - 1] - 1.0, $"step {i}");
        Assert.True(lightness[255] > 230 && lightness[0] < 10);
        Assert.Equal(ColourMap.At(0), ColourMap.At(double.NaN));
    }

    [Theory]
    [InlineData(0, 5.2, 6, new[] { "0", "1", "2", "3", "4", "5" })]
    [InlineData(0, 0.5, 5, new[] { "0.0", "0.1", "0.2", "0.3", "0.4", "0.5" })]
    [InlineData(-83, -3, 8, new[] { "-80", "-70", "-60", "-50", "-40", "-30", "-20", "-10" })]
    [InlineData(0, 600, 12, new[] { "0", "50", "100", "150", "200", "250", "300", "350", "400", "450", "500", "550", "600" })]
    public void TicksAreRound(double from, double to, int most, string[] expected) =>
        Assert.Equal(expected, PlotAxis.Ticks(from, to, most).Select(t => t.Label));

    [Fact]
    public void TextIsDrawnAsDots()
    {
        var image = new RgbImage(12, 14);
        PixelFont.Draw(image, 0, 0, "L", 2, default);
        for (int y = 0; y < 14; y++)
            for (int x = 0; x < 12; x++)
                Assert.Equal(x < 2 || (y >= 12 && x < 10), image[x, y] == default);
        Assert.Equal(5 * 6 * 2 - 2, PixelFont.Width("12.50", 2));
    }

    [Fact]
    public void EmptyInputIsRefusedByName()
    {
        Assert.Contains("a.wav", Assert.Throws<VocoderException>(() => SpectrogramPanel.OfAudio("a.wav", Array.Empty<float>(), 22050)).Message);
        Assert.Contains("7 mel values", Assert.Throws<VocoderException>(() => SpectrogramPanel.OfMel("b.npy", new float[7], 2, 0.01)).Message);
    }
}
