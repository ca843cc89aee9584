using System.Numerics.Tensors;
using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

// In one operation, because the sums of all queries and keys are the largest tensors of a model by far: here they are made a row at a time, and again for
// gradients.
public unsafe partial class CpuOps
{
    /// <inheritdoc/>
    public override Tensor AdditiveScores(Tensor queries, Tensor keys, Tensor weight)
    {
        Require(queries.Batch == 1 && keys.Batch == 1 && keys.Channels == queries.Channels && weight.Size == queries.Channels,
            $"queries {queries.Shape}, keys {keys.Shape} and a weight {weight.Shape} do not go together");
        Tensor q = Rent(1, queries.Length, queries.Channels), k = Rent(1, keys.Length, queries.Channels), bent = RentLike(q),
            y = Rent(queries.Length, keys.Length, 1);
        Exchange(queries, q);
        Exchange(keys, k);
        _parallelism.ForRanges(queries.Length, k.Size, (q, k, weight, bent, y), static (from, to, in s) =>
        {
            for (int t = from; t < to; t++)
                for (int n = 0; n < s.k.Channels; n++)
                {
                    Elementwise.Run<TanhOfSumF>(s.q.RowPointer(0, t), s.k.RowPointer(0, n), s.q.Data, s.bent.RowPointer(0, t), s.q.Length);
                    s.y.Row(t, n)[0] = TensorPrimitives.Dot<float>(s.bent.Row(0, t), s.weight.Span);
                }
        });
        Record(y, queries, keys, weight, (q, k), static (ops, y, queries, keys, weight, s) =>
            ops.AdditiveScoresGradient(y.Grad!, queries, keys, weight, s.q, s.k));
        foreach (Tensor done in (ReadOnlySpan<Tensor>)[q, k, bent]) Free(done);
        return y;
    }

    private void AdditiveScoresGradient(Tensor dy, Tensor queries, Tensor keys, Tensor weight, Tensor q, Tensor k)
    {
        Tensor dq = RentLike(q), dk = RentLike(k), dWeights = RentLike(k), bentQ = RentLike(q), bentK = RentLike(k);
        _parallelism.ForRanges(q.Channels, k.Size, (q, k, weight, dy, bent: bentQ, dq), static (from, to, in s) =>
        {
            for (int t = from; t < to; t++)
            {
                Span<float> sum = s.dq.Row(0, t), slope = s.bent.Row(0, t);
                sum.Clear();
                for (int n = 0; n < s.k.Channels; n++)
                {
                    Elementwise.Run<TanhOfSumSlopeF>(s.q.RowPointer(0, t), s.k.RowPointer(0, n), s.q.Data, s.bent.RowPointer(0, t), s.q.Length);
                    TensorPrimitives.MultiplyAdd(slope, s.dy.Row(t, n)[0], sum, sum);
                }
                TensorPrimitives.Multiply(sum, s.weight.Span, sum);
            }
        });
        _parallelism.ForRanges(k.Channels, q.Size, (q, k, weight, dy, bent: bentK, dk, dWeights), static (from, to, in s) =>
        {
            for (int n = from; n < to; n++)
            {
                Span<float> sum = s.dk.Row(0, n), ofWeight = s.dWeights.Row(0, n), bent = s.bent.Row(0, n);
                sum.Clear();
                ofWeight.Clear();
                for (int t = 0; t < s.q.Channels; t++)
                {
                    float d = s.dy.Row(t, n)[0];
                    Elementwise.Run<TanhOfSumF>(s.q.RowPointer(0, t), s.k.RowPointer(0, n), s.q.Data, s.bent.RowPointer(0, n), s.q.Length);
                    TensorPrimitives.MultiplyAdd(bent, d, ofWeight, ofWeight);
                    Elementwise.Run<OneLessSquareF>(s.bent.RowPointer(0, n), s.q.Data, s.q.Data, s.bent.RowPointer(0, n), s.q.Length);
                    TensorPrimitives.MultiplyAdd(bent, d, sum, sum);
                }
                TensorPrimitives.Multiply(sum, s.weight.Span, sum);
            }
        });
        if (queries.RequiresGrad) AddExchanged(queries, dq);
        if (keys.RequiresGrad) AddExchanged(keys, dk);
        if (weight.RequiresGrad)
        {
            Span<float> dWeight = GradientOf(weight).Span;
            for (int n = 0; n < k.Channels; n++) TensorPrimitives.Add(dWeight, dWeights.Row(0, n), dWeight);
        }
        foreach (Tensor done in (ReadOnlySpan<Tensor>)[dq, dk, dWeights, bentQ, bentK]) _workspace.Return(done);
    }

    private void AddExchanged(Tensor target, Tensor amount)
    {
        Tensor exchanged = RentLike(target);
        Exchange(amount, exchanged);
        AddGradient(target, exchanged);
        _workspace.Return(exchanged);
    }
}
