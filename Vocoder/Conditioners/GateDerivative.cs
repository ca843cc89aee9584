using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>The derivative of the WaveNet gate along a direction, of operations that have gradients themselves.</summary>
internal static class GateDerivative
{
    /// <summary>
    /// d[tanh(a)·σ(b)] for x, a above b [b, 2c, t], its gate y [b, c, t] and a direction of x, da above db: with τ = tanh(b/2), so that σ(b) = (1 + τ)/2, it is
    /// ½·(da + τ·da + y·db - τ·y·db) - y·tanh(a)·da.
    /// </summary>
    public static Tensor Along(Ops ops, Tensor x, Tensor y, Tensor direction)
    {
        int half = y.Channels;
        Tensor a = ops.Slice(x, 0, half), b = ops.Slice(x, half, half), da = ops.Slice(direction, 0, half), db = ops.Slice(direction, half, half);
        Tensor ydb = ops.Multiply(y, db), negative = ops.Scale(ydb, -1f), difference = ops.Add(da, negative), sum = ops.Add(da, ydb);
        Tensor halved = ops.Scale(b, 0.5f), tau = ops.Tanh(halved), turned = ops.Multiply(tau, difference), doubled = ops.Add(sum, turned),
            open = ops.Scale(doubled, 0.5f);
        Tensor tanh = ops.Tanh(a), bent = ops.Multiply(y, tanh), along = ops.Multiply(bent, da), less = ops.Scale(along, -1f), result = ops.Add(open, less);
        Tensor[] done = [a, b, da, db, ydb, negative, difference, sum, halved, tau, turned, doubled, open, tanh, bent, along, less];
        foreach (Tensor tensor in done) ops.Free(tensor);
        return result;
    }
}
