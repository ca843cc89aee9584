using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>Sequences [1, c, t] in other orders, by operations that have gradients.</summary>
internal static class Sequences
{
    /// <summary>Steps [1, c, 1] one after the other, [1, c, t].</summary>
    public static Tensor Join(Ops ops, ReadOnlySpan<Tensor> steps)
    {
        int channels = steps[0].Channels, count = steps.Length;
        return count == 1 ? steps[0] : ops.Transpose(ops.Reshape(Stack(ops, steps), 1, count, channels));
    }

    /// <summary>The last step first.</summary>
    public static Tensor Reversed(Ops ops, Tensor x)
    {
        int[] order = [.. Enumerable.Range(0, x.Length).Reverse()];
        return ops.Transpose(ops.Reshape(ops.Take(Items(ops, x), order), 1, x.Length, x.Channels));
    }

    /// <summary>Each step a batch item: [1, c, t] → [t, c, 1].</summary>
    public static Tensor Items(Ops ops, Tensor x) => ops.Reshape(ops.Transpose(x), x.Length, x.Channels, 1);

    /// <summary>A copy of a value in host memory that outlives the operations; the same memory every time.</summary>
    public static Tensor Kept(Ops ops, Tensor value, ref Tensor? memory)
    {
        memory ??= new Tensor(value.Batch, value.Channels, value.Length);
        ops.Read(value).CopyTo(memory.Span);
        memory.MarkChanged();
        return memory;
    }

    // By halves, so that no step is copied more often than their logarithm.
    private static Tensor Stack(Ops ops, ReadOnlySpan<Tensor> steps) =>
        steps.Length == 1 ? steps[0] : ops.Concat(Stack(ops, steps[..(steps.Length / 2)]), Stack(ops, steps[(steps.Length / 2)..]));
}
