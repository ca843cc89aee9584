using FlowVocoder.Conditioners;

namespace FlowVocoder.Compute;

/// <summary>Operations made of others, for engines that have none of their own.</summary>
internal static class ComposedOperations
{
    /// <summary>See <see cref="Ops.Lstm"/>.</summary>
    public static Tensor Lstm(Ops ops, Tensor x, Tensor weight, Tensor bias, Tensor hidden, Tensor cell)
    {
        int channels = weight.Channels;
        var steps = new Tensor[x.Length];
        for (int t = 0; t < steps.Length; t++)
        {
            Tensor gates = ops.Conv1d(hidden, weight, bias, add: ops.Crop(x, t, 1));
            // σ(f) = (1 + tanh(f/2))/2.
            Tensor forget = ops.Tanh(ops.Scale(ops.Slice(gates, channels, channels), 0.5f)),
                kept = ops.Scale(ops.Add(cell, ops.Multiply(forget, cell)), 0.5f);
            cell = ops.Add(kept, ops.Gate(ops.Concat(ops.Slice(gates, 2 * channels, channels), ops.Slice(gates, 0, channels))));
            hidden = ops.Gate(ops.Concat(cell, ops.Slice(gates, 3 * channels, channels)));
            steps[t] = ops.Concat(hidden, cell);
        }
        return Sequences.Join(ops, steps);
    }

    /// <summary>See <see cref="Ops.AdditiveScores"/>.</summary>
    public static Tensor AdditiveScores(Ops ops, Tensor queries, Tensor keys, Tensor weight)
    {
        int steps = queries.Length, length = keys.Length, channels = keys.Channels;
        // Each step's query at all positions, and the keys at all steps: as large as all else together.
        Tensor outer = ops.Conv1d(ops.Reshape(Sequences.Items(ops, queries), steps * channels, 1, 1), ops.Fill(length, 1, 1, 1f), null),
            spread = ops.Reshape(outer, steps, channels, length);
        ops.Free(outer);
        Tensor taken = ops.Take(keys, new int[steps]), sum = ops.Add(spread, taken);
        ops.Free(spread);
        ops.Free(taken);
        Tensor bent = ops.Tanh(sum);
        ops.Free(sum);
        Tensor scores = ops.Transpose(ops.Conv1d(bent, ops.Reshape(weight, 1, channels, 1), null));
        ops.Free(bent);
        return scores;
    }
}
