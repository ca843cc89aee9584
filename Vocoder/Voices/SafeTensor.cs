namespace FlowVocoder.Voices;

/// <summary>One stored tensor: shape and values, row-major (the last dimension is contiguous).</summary>
public sealed class SafeTensor
{
    private readonly float[]? _data;
    private readonly byte[]? _raw;

    /// <summary>A single-precision tensor over the given array, which is not copied.</summary>
    /// <exception cref="ArgumentException">The shape does not hold <paramref name="data"/>'s length.</exception>
    public SafeTensor(int[] shape, float[] data) : this(TensorDtype.F32, shape, data) { }

    /// <summary>A tensor kept as little-endian bytes, which are not copied: counters, masks, random states.</summary>
    /// <exception cref="ArgumentException">A floating type, or the shape does not hold <paramref name="raw"/>'s length.</exception>
    public SafeTensor(TensorDtype dtype, int[] shape, byte[] raw)
    {
        if (dtype.IsFloat())
        {
            throw new ArgumentException($"{dtype} tensors hold floats, not bytes", nameof(dtype));
        }
        CheckLength(shape, raw.Length / dtype.Bytes());
        (Dtype, Shape, _raw) = (dtype, shape, raw);
    }

    internal SafeTensor(TensorDtype dtype, int[] shape, float[] data)
    {
        CheckLength(shape, data.Length);
        (Dtype, Shape, _data) = (dtype, shape, data);
    }

    /// <summary>The element type the tensor has in its file.</summary>
    public TensorDtype Dtype { get; }

    /// <summary>The sizes of the dimensions, outermost first; empty for a scalar.</summary>
    public int[] Shape { get; }

    /// <summary>The values of a floating tensor, converted to single precision.</summary>
    /// <exception cref="InvalidOperationException">The tensor holds integers: see <see cref="Raw"/>.</exception>
    public float[] Data => _data ?? throw new InvalidOperationException($"a tensor of {Dtype.Label()} holds bytes, not floats");

    /// <summary>The little-endian bytes of an integer tensor.</summary>
    /// <exception cref="InvalidOperationException">The tensor holds floats: see <see cref="Data"/>.</exception>
    public byte[] Raw => _raw ?? throw new InvalidOperationException($"a tensor of {Dtype.Label()} holds floats, not bytes");

    /// <summary>Whether <see cref="Data"/> (true) or <see cref="Raw"/> (false) holds the values.</summary>
    public bool IsFloat => _data is not null;

    internal string ShapeText => FormatShape(Shape);

    internal static string FormatShape(IEnumerable<int> shape) => $"[{string.Join(", ", shape)}]";

    internal static void CheckLength(int[] shape, int length)
    {
        long elements = 1;
        foreach (int size in shape)
        {
            elements = checked(elements * size);
        }
        if (elements != length || Array.Exists(shape, size => size < 0))
        {
            throw new ArgumentException($"shape {FormatShape(shape)} does not hold {length} elements", nameof(shape));
        }
    }
}
