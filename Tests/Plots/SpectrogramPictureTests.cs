using FlowVocoder.Plots;

namespace FlowVocoder.Tests.Plots;

public class SpectrogramPictureTests
{
    private const int Left = 76, Top = 44;

    private static float[] Sine(double hz, int rate, double seconds, double amplitude = 0.5) =>
        [.. Enumerable.Range(0, (int)(rate * seconds)).Select(n => (float)(amplitude * Math.Sin(2 * Math.PI * hz * n / rate)))];

    [Theory]
    [InlineData(1000)]
    [InlineData(7500)]
    public void ASineIsBrightestAtItsFrequency(double hz)
    {
        var image = new Pixels(SpectrogramPicture.Render([SpectrogramPanel.OfAudio("sine", Sine(hz, 22050, 1), 22050)]));
        int brightest = Enumerable.Range(Top, 400).MaxBy(y => image.Lightness(Left + 200, y));
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
        Picture image = SpectrogramPicture.Render([SpectrogramPanel.OfMel("m", new float[(int)(seconds * 100)], 1, 0.01)]);
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
        var image = new Pixels(SpectrogramPicture.Render(
        [
            SpectrogramPanel.OfMel("input", loud, 1, 0.01, 1),
            SpectrogramPanel.OfMel("output", quiet, 1, 0.01, 1),
        ]));
        int second = Top + 400 + 30 + Top;
        // The loudest colour of Magma, its middle, and the ground.
        Assert.InRange(image.Distance(Left + 700, Top + 200, (252, 253, 191)), 0, 2);
        Assert.InRange(image[Left + 398, second + 200].R, 181, 185);
        Assert.Equal((236, 236, 240), image[Left + 401, second + 200]);
    }

    [Fact]
    public void The_colour_bar_grows_lighter_with_the_level()
    {
        var image = new Pixels(SpectrogramPicture.Render([SpectrogramPanel.OfAudio("sine", Sine(1000, 22050, 1), 22050)]));
        int bar = Enumerable.Range(image.Width - 111, 100).First(x => image.Distance(x, Top + 6, (252, 253, 191)) < 8) + 5;
        double[] lightness = [.. Enumerable.Range(Top + 3, 394).Select(y => image.Lightness(bar, y))];
        for (int i = 1; i < lightness.Length; i++) Assert.True(lightness[i] < lightness[i - 1] + 1, $"step {i}");
        Assert.True(lightness[0] > 230 && lightness[^1] < 10);
    }

    [Fact]
    public void A_tone_on_a_machine_of_any_fonts_has_letters_above_it()
    {
        var image = new Pixels(SpectrogramPicture.Render([SpectrogramPanel.OfAudio("sine.wav", Sine(1000, 22050, 1), 22050)]));
        int ink = Enumerable.Range(0, Top - 4).Sum(y => Enumerable.Range(Left, 400).Count(x => image.Lightness(x, y) < 128));
        Assert.InRange(ink, 100, 1000);
    }

    [Fact]
    public void A_curve_under_a_panel_has_the_same_time_axis()
    {
        SpectrogramPanel panel = SpectrogramPanel.OfAudio("sine", Sine(1000, 22050, 2), 22050);
        int without = SpectrogramPicture.Render([panel]).Height;
        // Low for the first half, high for the second.
        panel.Below = new TimeCurve("z", [new ChartSeries("step", [.. Enumerable.Range(0, 200).Select(i => (0.01 * i, i < 100 ? 0.0 : 10.0))])], [5]);
        var image = new Pixels(SpectrogramPicture.Render([panel]));
        Assert.Equal(without + 186, image.Height);
        int curve = Top + 400 + 26;
        int Row(int x) => Enumerable.Range(curve + 30, 128).MinBy(y => image.Lightness(Left + x, y));
        int low = Row(150), high = Row(650);
        Assert.InRange(low - high, 80, 130);
        Assert.InRange(image.Lightness(Left + 150, low), 0, 60);
        Assert.Equal(low, Row(390), 2.0);
        Assert.Equal(high, Row(410), 2.0);
        // The bound is half way.
        double Average(int y) => Enumerable.Range(Left + 10, 380).Average(x => image.Lightness(x, y));
        double bound = Enumerable.Range((low + high) / 2 - 2, 5).Min(Average);
        Assert.InRange(bound, 100, Math.Min(Average((low + high) / 2 - 7), Average((low + high) / 2 + 7)) - 10);
    }

    [Fact]
    public void EmptyInputIsRefusedByName()
    {
        Assert.Contains("a.wav", Assert.Throws<VocoderException>(() => SpectrogramPanel.OfAudio("a.wav", Array.Empty<float>(), 22050)).Message);
        Assert.Contains("7 mel values", Assert.Throws<VocoderException>(() => SpectrogramPanel.OfMel("b.npy", new float[7], 2, 0.01)).Message);
    }
}
