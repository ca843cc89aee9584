using FlowVocoder.Plots;
using SkiaSharp;

namespace FlowVocoder.Tests.Plots;

public class AttentionPictureTests
{
    // A text of ten symbols that is read at an even pace, or from its end.
    private static float[][] Read(int frames, bool backwards) => [.. Enumerable.Range(0, frames).Select(t =>
    {
        var weights = new float[10];
        weights[backwards ? 9 - t * 10 / frames : t * 10 / frames] = 1;
        return weights;
    })];

    [Fact]
    public void The_first_symbol_is_at_the_bottom_and_time_goes_to_the_right()
    {
        const int frames = 50;
        float[][] mel = [.. Enumerable.Range(0, frames).Select(t => Enumerable.Repeat(-5f, 8).ToArray())];
        string[] symbols = [.. "0123456789".Select(c => c.ToString())];
        Picture picture = AttentionPicture.Render([new("there", Read(frames, false)), new("back", Read(frames, true))], symbols, "mel", mel, 0.01);
        using SKBitmap pixels = picture.Render();
        int Light(int panel, double x, double y)
        {
            int cell = SpectrogramPicture.Above + 180 + SpectrogramPicture.Below;
            SKColor colour = pixels.GetPixel(SpectrogramPicture.Left + (int)(x * 1000), panel * cell + SpectrogramPicture.Above + (int)((1 - y) * 180));
            return colour.Red + colour.Green + colour.Blue;
        }
        foreach (double at in (double[])[0.05, 0.35, 0.95])
        {
            Assert.True(Light(0, at, at) > 500 && Light(0, at, 1 - at) < 100);
            Assert.True(Light(1, at, 1 - at) > 500 && Light(1, at, at) < 100);
        }
    }
}
