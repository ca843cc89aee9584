namespace FlowVocoder.Features;

/// <summary>
/// Which frame of one mel says what which frame of another says, by dynamic time warping (Sakoe and Chiba 1978, the symmetric form without a constraint of the
/// slope): the path from both beginnings to both ends along which the summed distance of frames is least, steps along both counting double. The distance is
/// Euclidean, after the mean of each band over its own clip is taken off, so that microphones and long-term colours of voices matter little.
/// </summary>
public sealed class MelAlignment
{
    /// <summary>What two clips may have at most in frames, one times the other: two of three minutes at 86 frames a second.</summary>
    public const long MaxCells = 1L << 28;

    private enum Came : byte { Diagonal, FromFirst, FromSecond }

    private MelAlignment(IReadOnlyList<(int First, int Second)> path, double cost) => (Path, Cost) = (path, cost);

    /// <summary>Pairs of frames from (0, 0) to the last of both; from one to the next, one or both go on by 1.</summary>
    public IReadOnlyList<(int First, int Second)> Path { get; }

    /// <summary>Weighted sum of the distances along the path.</summary>
    public double Cost { get; }

    /// <summary>Aligns two mels, [bands, frames] each.</summary>
    /// <exception cref="VocoderException">They are too long to be aligned.</exception>
    /// <exception cref="ArgumentException">One has no frames.</exception>
    public static MelAlignment Of(ReadOnlySpan<float> first, ReadOnlySpan<float> second, int bands)
    {
        int rows = first.Length / bands, columns = second.Length / bands;
        if (rows == 0 || columns == 0) throw new ArgumentException($"mels of {rows} and {columns} frames, expected at least 1");
        if ((long)rows * columns > MaxCells)
            throw new VocoderException($"clips of {rows} and {columns} frames are too long to be aligned, expected at most {MaxCells} of one times the other");
        float[] a = Centred(first, bands), b = Centred(second, bands);
        var came = new Came[rows * columns];
        double[] before = new double[columns], current = new double[columns];
        for (int i = 0; i < rows; i++)
        {
            for (int j = 0; j < columns; j++)
                (current[j], came[i * columns + j]) = Step(i, j, before, current, Distance(a.AsSpan(i * bands, bands), b.AsSpan(j * bands, bands)));
            (before, current) = (current, before);
        }
        return new MelAlignment(Back(came, rows, columns), before[^1]);
    }

    private static (double Cost, Came Came) Step(int i, int j, double[] before, double[] current, double distance)
    {
        if (i == 0 && j == 0) return (2 * distance, Came.Diagonal);
        double diagonal = i > 0 && j > 0 ? before[j - 1] + 2 * distance : double.PositiveInfinity;
        double along = i > 0 ? before[j] + distance : double.PositiveInfinity, across = j > 0 ? current[j - 1] + distance : double.PositiveInfinity;
        if (diagonal <= along && diagonal <= across) return (diagonal, Came.Diagonal);
        return along <= across ? (along, Came.FromFirst) : (across, Came.FromSecond);
    }

    private static List<(int, int)> Back(Came[] came, int rows, int columns)
    {
        var path = new List<(int, int)>();
        for (int i = rows - 1, j = columns - 1; ;)
        {
            path.Add((i, j));
            if (i == 0 && j == 0) break;
            Came step = came[i * columns + j];
            if (step != Came.FromSecond) i--;
            if (step != Came.FromFirst) j--;
        }
        path.Reverse();
        return path;
    }

    // [frames, bands], each band without its mean.
    private static float[] Centred(ReadOnlySpan<float> mel, int bands)
    {
        int frames = mel.Length / bands;
        var result = new float[mel.Length];
        for (int b = 0; b < bands; b++)
        {
            ReadOnlySpan<float> band = mel.Slice(b * frames, frames);
            float mean = System.Numerics.Tensors.TensorPrimitives.Sum(band) / frames;
            for (int i = 0; i < frames; i++) result[i * bands + b] = band[i] - mean;
        }
        return result;
    }

    private static double Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b) => System.Numerics.Tensors.TensorPrimitives.Distance(a, b);
}
