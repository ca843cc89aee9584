namespace FlowVocoder.Streaming;

/// <summary>Values that wait in an array, the oldest first; the array grows to the most that ever waited and allocates no more.</summary>
internal static class FrameQueue
{
    public static void Append(ref float[] queue, ref int count, ReadOnlySpan<float> values)
    {
        if (count + values.Length > queue.Length) Array.Resize(ref queue, Math.Max(2 * queue.Length, count + values.Length));
        values.CopyTo(queue.AsSpan(count));
        count += values.Length;
    }

    public static void Remove(float[] queue, ref int count, int removed)
    {
        queue.AsSpan(removed, count - removed).CopyTo(queue);
        count -= removed;
    }
}
