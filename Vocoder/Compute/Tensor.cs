namespace FlowVocoder.Compute;

/// <summary>
/// A float32 array of shape [batch, channels, length], contiguous in length (time). Weights use the same three axes as
/// [out, in, kernel], vectors are [1, channels, 1] and scalars [1, 1, 1]. Data is pinned and aligned to 64 bytes, so kernels
/// read it through pointers. Results of an engine that computes elsewhere, on a device or in a graph, are a shape and what that engine calls the values.
/// </summary>
public sealed unsafe class Tensor
{
    private readonly float[]? _array;
    private readonly int _offset;

    /// <summary>
    /// What the engine that made this keeps in place of host memory, a device's array or a node of a graph; null where the values are in host memory.
    /// </summary>
    public object? Payload { get; }

    /// <summary>First element; valid as long as the tensor is reachable.</summary>
    internal float* Data { get; }

    /// <summary>Number of elements the storage can hold; at least <see cref="Size"/>.</summary>
    internal int Capacity { get; }

    /// <summary>Size of the batch axis (or output channels of a weight).</summary>
    public int Batch { get; private set; }

    /// <summary>Size of the channel axis (or input channels of a weight).</summary>
    public int Channels { get; private set; }

    /// <summary>Size of the time axis (or kernel width of a weight).</summary>
    public int Length { get; private set; }

    /// <summary>Number of elements.</summary>
    public int Size => Batch * Channels * Length;

    /// <summary>Whether gradients flow to this tensor: it is a parameter, or was computed from one on a tape.</summary>
    public bool RequiresGrad { get; set; }

    /// <summary>Gradient of the loss for this tensor after <see cref="Tape.Backward"/>, or null when none arrived.</summary>
    public Tensor? Grad { get; set; }

    /// <summary>Whether this is a trained value, whose gradient outlives a step.</summary>
    public bool IsParameter { get; private set; }

    /// <summary>Counts changes of the values, so that copies of them, packed or on a device, know when they are stale.</summary>
    public int Version { get; private set; }

    /// <summary>Place in the list of the workspace that it was rented from, or -1.</summary>
    internal int Place { get; set; } = -1;

    /// <summary>Packed copy that a kernel keeps with a weight, with the version it was made from.</summary>
    internal object? Packed { get; set; }

    /// <summary>Creates a tensor of zeros. Sizes must be at least 0 and their product below 2^31.</summary>
    public Tensor(int batch, int channels, int length) : this(checked(batch * channels * length))
    {
        Reshape(batch, channels, length);
        Span.Clear();
    }

    private Tensor(object payload, int batch, int channels, int length)
    {
        Payload = payload;
        Capacity = checked(batch * channels * length);
        (Batch, Channels, Length) = (batch, channels, length);
    }

    internal Tensor(int capacity)
    {
        Capacity = capacity;
        // 16 to align the first element, and 16 that a kernel may read beyond the last.
        _array = GC.AllocateUninitializedArray<float>(capacity + 32, pinned: true);
        var start = (nuint)System.Runtime.CompilerServices.Unsafe.AsPointer(
            ref System.Runtime.InteropServices.MemoryMarshal.GetArrayDataReference(_array));
        Data = (float*)((start + 63) & ~(nuint)63);
        _offset = (int)(((nuint)Data - start) / sizeof(float));
    }

    /// <summary>Creates a tensor of the given shape with a copy of <paramref name="values"/>.</summary>
    public static Tensor From(ReadOnlySpan<float> values, int batch, int channels, int length)
    {
        var tensor = new Tensor(batch, channels, length);
        values.CopyTo(tensor.Span);
        return tensor;
    }

    /// <summary>
    /// A tensor whose values an engine keeps as <paramref name="payload"/>; only that engine can compute with it, and <see cref="Ops.Read"/> brings it here.
    /// </summary>
    public static Tensor Elsewhere(object payload, int batch, int channels, int length) => new(payload, batch, channels, length);

    /// <summary>Makes this a trained value: gradients flow to it and its <see cref="Grad"/> persists until cleared.</summary>
    public Tensor AsParameter()
    {
        IsParameter = RequiresGrad = true;
        return this;
    }

    /// <summary>All elements, [batch, channels, length] in row-major order.</summary>
    /// <remarks>A view of the array, not of the pointer: it keeps the values alive, also those of a tensor that nobody holds any more.</remarks>
    public Span<float> Span => Here.AsSpan(_offset, Size);

    /// <summary>The same for keeping.</summary>
    internal Memory<float> Memory => Here.AsMemory(_offset, Size);

    /// <summary>One row: the samples of a batch item's channel.</summary>
    public Span<float> Row(int batch, int channel) => Here.AsSpan(_offset + (batch * Channels + channel) * Length, Length);

    /// <summary>The value of a tensor with one element.</summary>
    public float Item => Size == 1 ? Here[_offset] : throw new InvalidOperationException($"a tensor of shape {Shape} is not a scalar");

    /// <summary>The shape in words, for messages.</summary>
    public string Shape => $"[{Batch}, {Channels}, {Length}]";

    /// <summary>Tells kernels that the values changed. Call it after writing to a parameter through <see cref="Span"/>.</summary>
    public void MarkChanged() => Version++;

    private float[] Here =>
        _array ?? throw new InvalidOperationException($"the values of this tensor {Shape} are not in host memory; Ops.Read brings them there");

    internal float* RowPointer(int batch, int channel) => Data + ((long)batch * Channels + channel) * Length;

    internal void Reshape(int batch, int channels, int length)
    {
        if (checked(batch * channels * length) > Capacity) throw new InvalidOperationException("a tensor cannot grow");
        (Batch, Channels, Length) = (batch, channels, length);
    }

    internal bool SameShape(Tensor other) => Batch == other.Batch && Channels == other.Channels && Length == other.Length;
}
