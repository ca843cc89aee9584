using System.Drawing;
using FlowVocoder.Plots;

namespace FlowVocoder.Tests.Plots;

public class PlanePictureTests
{
    private static readonly (byte R, byte G, byte B) s_white = (255, 255, 255), s_blue = (0, 0, 255);
    private const int Left = 52, Top = 68 + 42;

    // A panel of extent 1 is placed at (Left, Top), 480 pixels wide.
    private static Pixels Render(params PlanePanel[] panels) => new(PlanePicture.Render("title", "subtitle", panels));

    private static (byte R, byte G, byte B) At(Pixels image, double x, double y) => image[Left + (int)((x + 1) * 240), Top + (int)((1 - y) * 240)];

    [Fact]
    public void A_dot_is_a_disc_around_its_point_with_y_upwards()
    {
        var panel = new PlanePanel("a", 1);
        panel.Dots([0.5f], [0.25f], Color.Blue, opacity: 1, radius: 6);
        Pixels image = Render(panel);
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
        panel.Dots([0], [0], Color.Blue, opacity: 0.5, radius: 10);
        Pixels image = Render(panel);
        Assert.InRange(At(image, 0, 0).R, 126, 129);
        var tones = Enumerable.Range(0, 20).Select(i => At(image, i / 240.0, 0)).Distinct().ToArray();
        Assert.True(tones.Length > 2, "no tone between the disc and the ground");
        panel.Dots([0], [0], Color.Blue, opacity: 0.5, radius: 10);
        Assert.InRange(At(Render(panel), 0, 0).R, 62, 66);
    }

    [Fact]
    public void A_line_joins_its_points_and_is_broken_where_there_is_none()
    {
        var panel = new PlanePanel("a", 1);
        panel.Line([-0.5f, 0.5f, float.NaN, 0.5f, 0.5f], [0.5f, 0.5f, 0, -0.5f, 0], Color.Blue, width: 3);
        Pixels image = Render(panel);
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
        panel.Dots([5, float.NaN, float.PositiveInfinity, 1e30f], [0, 0, 0, 1], Color.Blue);
        panel.Line([1e9f, -1e9f, float.NegativeInfinity], [0, 0, 0], Color.Blue);
        Assert.Equal(Render(new PlanePanel("a", 1)).Bytes, Render(panel).Bytes);
    }

    [Fact]
    public void Levels_start_at_the_bottom_left_and_go_over_into_each_other()
    {
        var panel = new PlanePanel("a", 1);
        panel.Levels([0, 1, 0.5f, 0], 2);
        Pixels image = Render(panel);
        // The ends of Magma, its middle (183, 55, 121), and what lies half way between the lower two; smoothing mixes in a little of the neighbours.
        Assert.InRange(At(image, -0.9, -0.9).R, 0, 40);
        Assert.InRange(At(image, 0.9, -0.9).R, 200, 252);
        Assert.InRange(At(image, -0.9, 0.9).R, 145, 185);
        Assert.InRange(At(image, 0.9, 0.9).R, 0, 40);
        Assert.InRange(At(image, 0, -0.9).G, 100, 160);
        Assert.Throws<ArgumentException>(() => panel.Levels([0, 1, 0], 2));
    }

    [Fact]
    public void Panels_stand_in_rows_of_their_own_scales()
    {
        PlanePanel a = new("a", 1), b = new("b", 2), c = new("c", 3);
        foreach (PlanePanel panel in (PlanePanel[])[a, b, c]) panel.Dots([1], [-1], Color.Blue, 1, 4);
        Pixels one = Render(a), three = Render(a, b, c);
        Assert.Equal((one.Width * 2, Top + 480 + 40), (three.Width, one.Height));
        Assert.Equal(one.Height + 480 + 42 + 40, three.Height);
        Assert.Equal(s_blue, three[Left + 556 + 360, Top + 360]);
        Assert.Equal(s_blue, three[Left + 320, Top + 562 + 320]);
        Assert.Throws<ArgumentOutOfRangeException>(() => Render());
    }
}
