namespace FlowVocoder.Compute;

/// <summary>
/// The last steps of something that is streamed, [batch, channels, steps]. Each row is a ring, so that a chunk of one step costs one step however
/// far back a layer looks.
/// </summary>
internal sealed unsafe class StreamSlot(Tensor values)
{
    /// <summary>The order in which chunks read and replace it.</summary>
    public Turn Turn { get; } = new();

    /// <summary>The rows.</summary>
    public Tensor Values => values;

    /// <summary>Where in each row the oldest step lies.</summary>
    public int Oldest { get; private set; }

    /// <summary>Copies a row, the oldest step first.</summary>
    public void CopyRow(int row, Span<float> target)
    {
        ReadOnlySpan<float> ring = values.Row(0, row);
        ring[Oldest..].CopyTo(target);
        ring[..Oldest].CopyTo(target[(ring.Length - Oldest)..]);
    }

    /// <summary>A copy whose rows start with the oldest step, whatever the chunks were that made it.</summary>
    public Tensor InOrder()
    {
        var copy = new Tensor(values.Batch, values.Channels, values.Length);
        for (int row = 0; row < values.Batch * values.Channels; row++) CopyRow(row, copy.Row(0, row));
        return copy;
    }

    /// <summary>Replaces the oldest steps by those of <paramref name="x"/>, [batch, channels, any].</summary>
    public void Push(Tensor x)
    {
        int size = values.Length, count = Math.Min(x.Length, size), first = Math.Min(count, size - Oldest);
        float* source = x.Data + (x.Length - count), ring = values.Data;
        for (int row = 0; row < values.Batch * values.Channels; row++, source += x.Length, ring += size)
        {
            for (int i = 0; i < first; i++) ring[Oldest + i] = source[i];
            for (int i = first; i < count; i++) ring[i - first] = source[i];
        }
        Oldest = (Oldest + count) % size;
    }

    /// <summary>Sets all steps to zero.</summary>
    public void Clear()
    {
        values.Span.Clear();
        Oldest = 0;
    }
}
