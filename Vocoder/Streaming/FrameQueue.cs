namespace FlowVocoder.Streaming;

/// <summary>Values that wait in an array, the oldest first; the array grows to the most that ever waited and allocates no more.</summary>
internal static class FrameQueue
{
    public static void Append(ref float[] queue, ref int count, ReadOnlySpan<float> values) => values.CopyTo(Extend(ref queue, ref count, values.Length));

    /// <summary>Room for more values at the end, to be written.</summary>
    public static Span<float> Extend(ref float[] queue, ref int count, int more)
    {
        if (count + more > queue.Length) Array.Resize(ref queue, Math.Max(2 * queue.Length, count + more));
        count += more;
        return queue.AsSpan(count - more, more);
    }

    public static void Remove(float[] queue, ref int count, int removed)
    {
        queue.AsSpan(removed, count - removed).CopyTo(queue);
        count -= removed;
    }
}
