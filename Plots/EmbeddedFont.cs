using ScottPlot;
using SkiaSharp;

namespace FlowVocoder.Plots;

/// <summary>DejaVu Sans from within this assembly, so that a picture looks the same on every machine, also on one without fonts.</summary>
internal sealed class EmbeddedFont : IFontResolver
{
    private const string Family = "DejaVu Sans";
    private static readonly Lazy<bool> s_installed = new(Add);
    private readonly SKData _file;

    private EmbeddedFont()
    {
        using Stream font = typeof(EmbeddedFont).Assembly.GetManifestResourceStream("DejaVuSans.ttf")!;
        _file = SKData.Create(font);
    }

    /// <summary>Makes it the font of all pictures.</summary>
    public static void Install() => _ = s_installed.Value;

    /// <summary>The font for its own name; any other is left to the system.</summary>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        fontName == Family ? SKTypeface.FromData(_file) : null;

    /// <inheritdoc cref="CreateTypeface(string, FontWeight, FontSlant, FontSpacing)"/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => CreateTypeface(fontName, default, default, default);

    private static bool Add()
    {
        ScottPlot.Fonts.FontResolvers.Insert(0, new EmbeddedFont());
        ScottPlot.Fonts.Default = ScottPlot.Fonts.Sans = Family;
        return true;
    }
}
