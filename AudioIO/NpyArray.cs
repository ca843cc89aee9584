namespace FlowVocoder.AudioIO;

/// <summary>An array of an .npy file: float32, in C order (the last index runs fastest).</summary>
public sealed class NpyArray
{
    /// <summary>Wraps data and shape without copying them.</summary>
    /// <param name="data">As many values as the product of <paramref name="shape"/>.</param>
    /// <param name="shape">The dimensions; empty for a single number.</param>
    public NpyArray(float[] data, int[] shape)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(shape);
        if (Npy.Count(shape) != data.Length)
            throw new ArgumentException($"{data.Length} values do not fill the shape {Describe(shape)}", nameof(data));
        Data = data;
        Shape = shape;
    }

    /// <summary>The values in C order.</summary>
    public float[] Data { get; }

    /// <summary>The dimensions; empty for a single number.</summary>
    public int[] Shape { get; }

    /// <summary>The shape as errors show it, such as <c>[80, 173]</c>.</summary>
    internal static string Describe(ReadOnlySpan<int> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}
