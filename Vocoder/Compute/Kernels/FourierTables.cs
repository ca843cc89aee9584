using System.Collections.Concurrent;
using System.Numerics;

namespace FlowVocoder.Compute.Kernels;

/// <summary>
/// What a transform of <see cref="Size"/> real samples needs to know, for <see cref="FourierFrames"/>: the samples are taken as half as many complex
/// ones, even samples the real and odd ones the imaginary parts, and transformed by stages of radix 4, the last of radix 2 where that is left.
/// </summary>
internal sealed class FourierTables
{
    private static readonly ConcurrentDictionary<int, FourierTables> s_tables = new();

    private FourierTables(int size)
    {
        (Size, Half) = (size, size / 2);
        Position = new int[Half];
        Place(0, Half, 0, 1);
        // Stage by stage w, w², w³ for each k, w = exp(-2πi·k/n), of all stages but one of radix 2.
        var twiddles = new List<float>();
        for (int n = Half; n >= 4; n /= 4)
            for (int k = 0; k < n / 4; k++)
                for (int power = 1; power <= 3; power++) AddUnit(twiddles, (long)power * k % n, n);
        Twiddles = Tensor.From([.. twiddles], 1, 1, twiddles.Count);
        var split = new List<float>();
        for (int k = 0; k <= Half / 2; k++) AddUnit(split, k, size);
        Split = Tensor.From([.. split], 1, 1, split.Count);
    }

    /// <summary>Samples of a frame.</summary>
    public int Size { get; }

    /// <summary>Complex samples; the number of bins is one more.</summary>
    public int Half { get; }

    /// <summary>Where the stages leave frequency k of the complex transform.</summary>
    public int[] Position { get; }

    /// <summary>Real and imaginary parts, in the order in which the stages ask for them.</summary>
    public Tensor Twiddles { get; }

    /// <summary>exp(-2πi·k/Size), which tells the spectra of even and odd samples apart.</summary>
    public Tensor Split { get; }

    /// <summary>The tables of a size.</summary>
    /// <exception cref="ArgumentException">It is no power of two, or below 4.</exception>
    public static FourierTables Of(int size) => size >= 4 && BitOperations.IsPow2(size) ? s_tables.GetOrAdd(size, static n => new FourierTables(n))
        : throw new ArgumentException($"a transform of {size} samples, expected a power of two, at least 4");

    // A stage of radix r leaves the frequencies first, first + step·r, … in its first part, and so on.
    private void Place(int start, int length, int first, int step)
    {
        int radix = Math.Min(4, length);
        if (radix == 1) Position[first] = start;
        else for (int j = 0; j < radix; j++) Place(start + j * (length / radix), length / radix, first + j * step, step * radix);
    }

    private static void AddUnit(List<float> values, long numerator, int denominator)
    {
        var (sin, cos) = Math.SinCos(-2 * Math.PI * numerator / denominator);
        values.Add((float)cos);
        values.Add((float)sin);
    }
}
