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

    /// <summary>Reads frames from <paramref name="first"/> on of a mel [bands, frames], one after the other; the last one goes on beyond the end.</summary>
    public static void Read(ReadOnlySpan<float> mel, int bands, int first, Span<float> target)
    {
        int frames = mel.Length / bands;
        for (int i = 0; i < target.Length; i++) target[i] = mel[i % bands * frames + Math.Min(first + i / bands, frames - 1)];
    }

    public static void Remove(float[] queue, ref int count, int removed)
    {
        queue.AsSpan(removed, count - removed).CopyTo(queue);
        count -= removed;
    }
}
