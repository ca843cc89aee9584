using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class PlaneImageTests
{
    private static readonly Rgb s_white = new(255, 255, 255), s_blue = new(0, 0, 255);

    // A panel of extent 1 is placed at (52, 104), 480 pixels wide.
    private static RgbImage Render(params PlanePanel[] panels) => PlaneImage.Render("title", "subtitle", panels);

    private static Rgb At(RgbImage image, double x, double y) => image[52 + (int)((x + 1) * 240), 104 + (int)((1 - y) * 240)];

    [Fact]
    public void A_dot_is_a_disc_around_its_point_with_y_upwards()
    {
        var panel = new PlanePanel("a", 1);
        panel.Dots([0.5f], [0.25f], s_blue, opacity: 1, radius: 6);
        RgbImage image = Render(panel);
        Assert.Equal(s_blue, At(image, 0.5, 0.25));
        // A pixel is 1/240; within four of them it is covered, from nine on it is not, in every direction.
        foreach (var (dx, dy) in new[] { (1, 0), (0, 1), (-1, 0), (0, -1), (0.7, 0.7), (-0.7, 0.7) })
        {
            Assert.Equal(s_blue, At(image, 0.5 + dx * 4 / 240, 0.25 + dy * 4 / 240));
            Assert.Equal(s_white, At(image, 0.5 + dx * 9 / 240, 0.25 + dy * 9 / 240));
        }
    }

    [Fact]
    public void Opacity_mixes_with_what_is_below_and_edges_are_soft()
    {
        var panel = new PlanePanel("a", 1);
        panel.Dots([0], [0], s_blue, opacity: 0.5, radius: 10);
        RgbImage image = Render(panel);
        Assert.Equal(new Rgb(128, 128, 255), At(image, 0, 0));
        var tones = Enumerable.Range(0, 20).Select(i => At(image, i / 240.0, 0)).Distinct().ToArray();
        Assert.True(tones.Length > 2, "no tone between the disc and the ground");
        panel.Dots([0], [0], s_blue, opacity: 0.5, radius: 10);
        Assert.Equal(new Rgb(64, 64, 255), At(Render(panel), 0, 0));
    }

    [Fact]
    public void A_line_joins_its_points_and_is_broken_where_there_is_none()
    {
        var panel = new PlanePanel("a", 1);
        panel.Line([-0.5f, 0.5f, float.NaN, 0.5f, 0.5f], [0.5f, 0.5f, 0, -0.5f, 0], s_blue, width: 3);
        RgbImage image = Render(panel);
        foreach (double x in new[] { -0.45, 0, 0.45 }) Assert.Equal(s_blue, At(image, x, 0.5));
        Assert.Equal(s_blue, At(image, 0.5, -0.25));
        Assert.Equal(s_white, At(image, 0.5, 0.25));
        Assert.Equal(s_white, At(image, -0.6, 0.5));
        Assert.Equal(s_white, At(image, 0, 0.45));
    }

    [Fact]
    public void What_is_outside_or_not_finite_is_left_out()
    {
        var panel = new PlanePanel("a", 1);
        panel.Dots([5, float.NaN, float.PositiveInfinity, 1e30f], [0, 0, 0, 1], s_blue);
        panel.Line([1e9f, -1e9f, float.NegativeInfinity], [0, 0, 0], s_blue);
        Assert.Equal(Render(new PlanePanel("a", 1)).Pixels.ToArray(), Render(panel).Pixels.ToArray());
    }

    [Fact]
    public void Levels_start_at_the_bottom_left_and_go_over_into_each_other()
    {
        var panel = new PlanePanel("a", 1);
        panel.Levels([0, 1, 0.5f, 0], 2);
        RgbImage image = Render(panel);
        Assert.Equal(ColourMap.At(0), At(image, -0.9, -0.9));
        Assert.Equal(ColourMap.At(1), At(image, 0.9, -0.9));
        Assert.Equal(ColourMap.At(0.5), At(image, -0.9, 0.9));
        Assert.Equal(ColourMap.At(0), At(image, 0.9, 0.9));
        // Half way between the lower two.
        Assert.InRange(Math.Abs(At(image, 0, -0.9).R - ColourMap.At(0.5).R), 0, 3);
        Assert.Throws<ArgumentException>(() => panel.Levels([0, 1, 0], 2));
    }

    [Fact]
    public void Panels_stand_in_rows_of_their_own_scales()
    {
        PlanePanel a = new("a", 1), b = new("b", 2), c = new("c", 3);
        foreach (PlanePanel panel in (PlanePanel[])[a, b, c]) panel.Dots([1], [-1], s_blue, 1, 4);
        RgbImage one = Render(a), three = Render(a, b, c);
        Assert.Equal((one.Width * 2, 104 + 480 + 40), (three.Width, one.Height));
        Assert.Equal(one.Height + 480 + 42 + 40, three.Height);
        Assert.Equal(s_blue, three[52 + 556 + 360, 104 + 360]);
        Assert.Equal(s_blue, three[52 + 320, 104 + 562 + 320]);
        Assert.Throws<ArgumentOutOfRangeException>(() => Render());
    }
}
