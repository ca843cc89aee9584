using System.Globalization;

namespace FlowVocoder.AudioIO;

/// <summary>Round positions for the ticks of an axis, and their labels.</summary>
internal static class PlotAxis
{
    internal static readonly Rgb Ink = new(40, 40, 48);

    /// <summary>The smallest step of the form 1, 2 or 5 times a power of ten that divides <paramref name="range"/> into at most
    /// <paramref name="most"/> parts.</summary>
    internal static double Step(double range, int most)
    {
        double least = range / Math.Max(1, most);
        double power = Math.Pow(10, Math.Floor(Math.Log10(least)));
        foreach (int factor in (ReadOnlySpan<int>)[1, 2, 5])
            if (factor * power >= least * (1 - 1e-9)) return factor * power;
        return 10 * power;
    }

    /// <summary>The multiples of a round step within [from, to], with labels of just enough digits.</summary>
    internal static IEnumerable<(double Value, string Label)> Ticks(double from, double to, int most)
    {
        double step = Step(to - from, most);
        string format = "F" + Math.Max(0, -(int)Math.Floor(Math.Log10(step) + 1e-9));
        for (double index = Math.Ceiling(from / step - 1e-9); index * step <= to + step * 1e-9; index++)
            yield return (index * step, (index * step + 0.0).ToString(format, CultureInfo.InvariantCulture));
    }
}
