using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>A vector field and its derivative: v(x) and, along a direction d of the same shape, J·d.</summary>
internal delegate Tensor DirectedField(Tensor x, Tensor? direction, out Tensor? derivative);

/// <summary>The divergence of a vector field, the trace of its Jacobian J, for each item of a batch.</summary>
internal static class Divergence
{
    /// <summary>
    /// Hutchinson's estimate eᵀ·J·e for random signs e [b, c, t], whose mean is the trace (Hutchinson 1990; Grathwohl et al. 2019, FFJORD): v and the estimate,
    /// [b, c, t] and [b, 1, 1].
    /// </summary>
    public static (Tensor Velocity, Tensor Trace) Estimate(Ops ops, DirectedField field, Tensor x, Tensor signs)
    {
        Tensor velocity = field(x, signs, out Tensor? derivative);
        Tensor trace = Dots(ops, signs, derivative!);
        ops.Free(derivative!);
        return (velocity, trace);
    }

    /// <summary>
    /// The trace itself, by one derivative for each channel and phase: steps of time further apart than the field sees do not meet, so that one direction
    /// serves all of them (Curtis, Powell and Reid 1974). <paramref name="period"/> is at least the number of steps that a step depends on.
    /// </summary>
    public static (Tensor Velocity, Tensor Trace) Exact(Ops ops, Func<int, DirectedField> field, Tensor x, int period)
    {
        period = Math.Min(period, x.Length);
        int directions = x.Channels * period;
        int[] copies = [.. Enumerable.Range(0, x.Batch * directions).Select(i => i / directions)];
        Tensor copied = ops.Take(x, copies), probe = Probes(ops, x.Channels, x.Length, period),
            probes = ops.Take(probe, [.. copies.Select((_, i) => i % directions)]);
        Tensor velocities = field(directions)(copied, probes, out Tensor? derivatives), dots = Dots(ops, probes, derivatives!);
        Tensor traces = ops.SumTime(ops.Reshape(dots, x.Batch, 1, directions)),
            velocity = ops.Take(velocities, [.. Enumerable.Range(0, x.Batch).Select(b => b * directions)]);
        foreach (Tensor done in (ReadOnlySpan<Tensor>)[copied, probe, probes, velocities, derivatives!, dots]) ops.Free(done);
        return (velocity, traces);
    }

    // One channel at a time, at every step of one phase.
    private static Tensor Probes(Ops ops, int channels, int length, int period)
    {
        Tensor probes = ops.Rent(channels * period, channels, length);
        probes.Span.Clear();
        for (int i = 0; i < probes.Batch; i++)
            for (int t = i % period; t < length; t += period) probes.Row(i, i / period)[t] = 1f;
        return probes;
    }

    private static Tensor Dots(Ops ops, Tensor a, Tensor b)
    {
        Tensor products = ops.Multiply(a, b), rows = ops.Reshape(products, a.Batch, 1, a.Channels * a.Length), sums = ops.SumTime(rows);
        ops.Free(products);
        ops.Free(rows);
        return sums;
    }
}
