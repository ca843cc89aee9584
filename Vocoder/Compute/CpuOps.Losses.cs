using System.Numerics.Tensors;

namespace FlowVocoder.Compute;

// Operations that losses need and networks do not.
public unsafe partial class CpuOps
{
    /// <inheritdoc/>
    public override Tensor Clamp(Tensor x, float low, float high)
    {
        Tensor y = RentLike(x);
        TensorPrimitives.Clamp(x.Span, low, high, y.Span);
        Record(y, x, null, null, (low, high), static (ops, y, x, _, _, bounds) =>
        {
            Tensor dx = ops.GradientOf(x);
            for (int i = 0; i < x.Size; i++)
                if (x.Data[i] >= bounds.low && x.Data[i] <= bounds.high) dx.Data[i] += y.Grad!.Data[i];
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor SumTime(Tensor x)
    {
        Tensor y = Rent(x.Batch, x.Channels, 1);
        for (int row = 0; row < y.Size; row++) y.Data[row] = TensorPrimitives.Sum<float>(x.Row(0, row));
        Record(y, x, null, null, static (ops, y, x, _, _) =>
        {
            Tensor dx = ops.GradientOf(x);
            for (int row = 0; row < y.Size; row++) TensorPrimitives.Add(dx.Row(0, row), y.Grad!.Data[row], dx.Row(0, row));
        });
        return y;
    }
}
