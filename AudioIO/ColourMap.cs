namespace FlowVocoder.AudioIO;

/// <summary>
/// A perceptual colour map for levels: from near black over violet and orange to a pale yellow. Its lightness rises steadily, so
/// equal steps in level look equal and the picture survives printing in grey.
/// </summary>
public static class ColourMap
{
    // Lightness (CIE L*) of these points rises by about 12 each; between them the colour is interpolated linearly.
    private static readonly Rgb[] Points =
    [
        new(2, 2, 8), new(30, 17, 71), new(81, 20, 122), new(131, 38, 128), new(183, 55, 120),
        new(230, 83, 97), new(251, 136, 96), new(254, 195, 136), new(252, 252, 192),
    ];

    /// <summary>The colour of a level in 0 (quiet, dark) to 1 (loud, light). Values outside are clamped, NaN is 0.</summary>
    public static Rgb At(double level)
    {
        double position = Math.Clamp(double.IsNaN(level) ? 0 : level, 0, 1) * (Points.Length - 1);
        int low = Math.Min((int)position, Points.Length - 2);
        double part = position - low;
        Rgb a = Points[low], b = Points[low + 1];
        return new Rgb(Mix(a.R, b.R, part), Mix(a.G, b.G, part), Mix(a.B, b.B, part));
    }

    private static byte Mix(byte a, byte b, double part) => (byte)Math.Round(a + (b - a) * part);
}
