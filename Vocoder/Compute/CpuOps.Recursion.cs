using System.Numerics.Tensors;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    // Runs the steps of recursions: with the state of this stream, but with tensors of its own, which are given back after every step.
    private CpuOps? _stepping;

    /// <inheritdoc/>
    public override Tensor Delay(Tensor x, string site)
    {
        Tensor y = RentLike(x);
        StreamSlot? slot = _state?.Slot(site, x.Batch, x.Channels, 1);
        slot?.Turn.Await(Chunk, _state!);
        Tensor? past = slot?.Values;
        for (int row = 0; row < x.Batch * x.Channels; row++)
        {
            Span<float> from = x.Row(0, row), to = y.Row(0, row);
            to[0] = past == null ? 0f : past.Data[row];
            from[..^1].CopyTo(to[1..]);
            if (past != null) past.Data[row] = from[^1];
        }
        slot?.Turn.Pass(Chunk);
        Record(y, x, null, null, static (ops, y, x, _, _) =>
        {
            Tensor dx = ops.GradientOf(x);
            for (int row = 0; row < x.Batch * x.Channels; row++)
                TensorPrimitives.Add(dx.Row(0, row)[..^1], y.Grad!.Row(0, row)[1..], dx.Row(0, row)[..^1]);
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Recur(IRecursion recursion, Tensor x, Tensor condition, int channels)
    {
        if (_tape != null) throw new InvalidOperationException("a recursion over time has no gradient");
        Require(x.Batch == condition.Batch && x.Length == condition.Length, $"an input {x.Shape} and a condition {condition.Shape} do not go together");
        StreamState state = _state ?? new StreamState();
        CpuOps ops = _state == null ? new CpuOps(state: state) : _stepping ??= new CpuOps(state: state);
        Tensor y = Rent(x.Batch, channels, x.Length), previous = state.Slot(recursion.Site, x.Batch, channels, 1).Values;
        for (int t = 0; t < x.Length; t++)
        {
            Tensor next = recursion.Step(ops, previous, ops.Crop(x, t, 1), ops.Crop(condition, t, 1));
            next.Span.CopyTo(previous.Span);
            for (int row = 0; row < y.Batch * channels; row++) y.Row(0, row)[t] = next.Data[row];
            ops.Reset();
        }
        return y;
    }
}
