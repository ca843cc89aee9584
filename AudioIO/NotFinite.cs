namespace FlowVocoder.AudioIO;

/// <summary>How errors call the floats that are no numbers.</summary>
internal static class NotFinite
{
    /// <summary>"NaN", "Inf" or "-Inf", the same in every language.</summary>
    public static string Name(float value) => float.IsNaN(value) ? "NaN" : value > 0 ? "Inf" : "-Inf";

    /// <summary>Index of the first value that is no finite number, or -1.</summary>
    public static int IndexIn(ReadOnlySpan<float> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            if (!float.IsFinite(values[i]))
                return i;
        }

        return -1;
    }
}
