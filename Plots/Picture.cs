using ScottPlot;
using SkiaSharp;

namespace FlowVocoder.Plots;

/// <summary>A picture made of plots of ScottPlot, to be written as PNG or SVG.</summary>
public sealed class Picture
{
    private readonly IReadOnlyList<(Plot Plot, PixelRect Place)> _plots;

    private Picture(int width, int height, IReadOnlyList<(Plot, PixelRect)> plots) => (Width, Height, _plots) = (width, height, plots);

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>The endings of the files that can be written.</summary>
    public static IReadOnlyList<string> Extensions { get; } = [".png", ".svg"];

    /// <summary>Whether a file of this name can be written: it ends in .png or .svg.</summary>
    public static bool IsFileName(string path) => Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>Writes the picture, front to back; the stream is left open.</summary>
    /// <param name="stream">Need not be seekable.</param>
    /// <param name="fileName">Says by its ending whether as PNG or SVG.</param>
    /// <exception cref="VocoderException">The name ends in neither.</exception>
    public void Write(Stream stream, string fileName)
    {
        ArgumentNullException.ThrowIfNull(stream);
        if (!IsFileName(fileName)) throw new VocoderException($"'{fileName}' is no picture, expected a name that ends in .png or .svg");
        if (Path.GetExtension(fileName).Equals(".svg", StringComparison.OrdinalIgnoreCase))
        {
            using SKCanvas canvas = SKSvgCanvas.Create(new SKRect(0, 0, Width, Height), stream);
            Draw(canvas);
            return;
        }
        using SKBitmap pixels = Render();
        // By way of memory: Skia drops the errors of a stream that cannot be written.
        using SKData png = pixels.Encode(SKEncodedImageFormat.Png, quality: 100);
        stream.Write(png.AsSpan());
    }

    /// <summary>The pixels, as they are in a PNG.</summary>
    internal SKBitmap Render()
    {
        var pixels = new SKBitmap(new SKImageInfo(Width, Height, SKColorType.Rgba8888, SKAlphaType.Premul));
        using var canvas = new SKCanvas(pixels);
        Draw(canvas);
        return pixels;
    }

    /// <summary>Makes a picture of the plots that <paramref name="build"/> makes and places, in pixels from the top left.</summary>
    /// <exception cref="VocoderException">The native library that draws cannot be loaded.</exception>
    internal static Picture Of(int width, int height, Func<IReadOnlyList<(Plot, PixelRect)>> build)
    {
        try
        {
            EmbeddedFont.Install();
            return new Picture(width, height, build());
        }
        catch (Exception e) when (IsMissingNative(e))
        {
            throw new VocoderException(
                $"cannot draw: SkiaSharp's native library cannot be loaded on {System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier}, "
                + "expected libSkiaSharp beside the program", e);
        }
    }

    /// <summary>A plot with the text sizes of all pictures, without bold letters (the font has none).</summary>
    internal static Plot NewPlot(string title)
    {
        Plot plot = EmptyPlot();
        plot.Title(title, size: 16);
        plot.Axes.Title.Label.Bold = false;
        foreach (IAxis axis in plot.Axes.GetAxes())
        {
            axis.Label.Bold = false;
            axis.Label.FontSize = 14;
        }
        return plot;
    }

    /// <summary>A plot that draws over its own part of the picture only.</summary>
    internal static Plot EmptyPlot()
    {
        var plot = new Plot();
        plot.RenderManager.ClearCanvasBeforeEachRender = false;
        return plot;
    }

    // The first type to need the library fails in its initialisation, at whatever depth.
    private static bool IsMissingNative(Exception? e)
    {
        while (e is TypeInitializationException) e = e.InnerException;
        return e is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException;
    }

    private void Draw(SKCanvas canvas)
    {
        canvas.Clear(SKColors.White);
        foreach ((Plot plot, PixelRect place) in _plots) plot.Render(canvas, place);
    }
}
