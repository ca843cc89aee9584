namespace FlowVocoder.Native;

/// <summary>Memory of C's as spans, checked as far as it can be.</summary>
internal static unsafe class Memory
{
    /// <exception cref="ArgumentException">The count is negative or beyond 2^31 values, or there is no memory.</exception>
    public static Span<T> Span<T>(T* data, long count, string what) where T : unmanaged
    {
        if (count is < 0 or > int.MaxValue) throw new ArgumentException($"found {count} {what}, expected 0 to {int.MaxValue}");
        if (data == null && count > 0) throw new ArgumentException($"the memory of {count} {what} is NULL");
        return new Span<T>(data, (int)count);
    }

    /// <summary>Mel frames of so many bands.</summary>
    /// <inheritdoc cref="Span"/>
    public static ReadOnlySpan<float> Frames(float* data, long count, int bands) => Span(data, RequireFrames(count, bands) * bands, "mel values");

    /// <summary>A number of mel frames, checked.</summary>
    /// <exception cref="ArgumentException">It is negative or beyond 2^31 values.</exception>
    public static long RequireFrames(long count, int bands) => count >= 0 && count <= int.MaxValue / bands ? count
        : throw new ArgumentException($"found {count} mel frames, expected 0 to {int.MaxValue / bands}");
}
