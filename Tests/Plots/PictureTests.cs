using System.Text;
using System.Xml.Linq;
using FlowVocoder.Plots;

namespace FlowVocoder.Tests.Plots;

public class PictureTests
{
    private static readonly Picture s_picture = LineChart.Render("loss of σ", "step", [new ChartSeries("a", [(0, 0), (1, 1)])], 400, 300);

    [Fact]
    public void An_svg_holds_its_size_and_its_letters()
    {
        using var stream = new MemoryStream();
        s_picture.Write(stream, "chart.SVG");
        XElement svg = XElement.Parse(Encoding.UTF8.GetString(stream.ToArray()));
        Assert.Equal(("400", "300"), (svg.Attribute("width")?.Value, svg.Attribute("height")?.Value));
        XElement[] texts = [.. svg.Descendants().Where(e => e.Name.LocalName == "text")];
        Assert.Contains(texts, e => e.Value.Trim() == "loss of σ");
        Assert.All(texts, e => Assert.Contains("DejaVu Sans", e.Attribute("font-family")?.Value, StringComparison.Ordinal));
    }

    [Fact]
    public void Other_endings_are_refused()
    {
        Assert.Equal("'a.jpg' is no picture, expected a name that ends in .png or .svg",
            Assert.Throws<VocoderException>(() => s_picture.Write(new MemoryStream(), "a.jpg")).Message);
        Assert.True(Picture.IsFileName("A.PNG") && !Picture.IsFileName("png"));
    }

    [Fact]
    public void A_machine_without_the_native_library_is_told_what_is_missing()
    {
        var missing = new DllNotFoundException("x");
        foreach (Exception e in (Exception[])[missing, new TypeInitializationException("SkiaSharp.SKObject", missing)])
        {
            string message = Assert.Throws<VocoderException>(() => Picture.Of(1, 1, () => throw e)).Message;
            Assert.Contains("cannot draw: SkiaSharp's native library cannot be loaded on ", message, StringComparison.Ordinal);
            Assert.DoesNotContain('\n', message);
        }
        Assert.Throws<TypeInitializationException>(() => Picture.Of(1, 1, () => throw new TypeInitializationException("X", new InvalidOperationException())));
    }
}
