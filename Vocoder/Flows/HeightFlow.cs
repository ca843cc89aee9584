using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Flows;

/// <summary>
/// A flow that is autoregressive over the height of a plane (WaveFlow, Ping et al. 2020, sec. 3): row 0 passes, z_r = x_r·exp(logScale(x_&lt;r)) +
/// shift(x_&lt;r) for the others, and log det = Σ logScale. All rows are scored at once, and generated one after the other on cached rows: height - 1 passes,
/// however wide the plane is.
/// </summary>
/// <remarks>
/// Planes are rows of a batch: x and z [b·height, 1, width], the condition [b·height, channels, width]. Row r of a condition goes with row r of z.
/// </remarks>
internal sealed class HeightFlow(ParameterSet parameters, PlaneNetConfig net, int height, int conditionChannels) : Flow
{
    private readonly PlaneNet _net = new(parameters.Scope("coupling"), net, conditionChannels);

    /// <inheritdoc/>
    /// <remarks>Per point of the plane; the first row has no network.</remarks>
    public override long MacsPerStep => _net.MacsPerStep * (height - 1) / height;

    /// <inheritdoc/>
    /// <remarks>Columns, when generating: each row sees those above it, which have seen as far again.</remarks>
    public override int Past => (height - 1) * _net.Reach;

    /// <inheritdoc/>
    public override int Future => Past;

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        var (logScale, shift) = Parameters(ops, x, condition);
        Tensor moved = ops.Affine(Rows(ops, x, 1), logScale, shift);
        logDet = ops.Sum(logScale);
        // One channel, so that the rows of an item can lie in its channels.
        int items = x.Batch / height;
        Tensor first = ops.Slice(ops.Reshape(x, items, height, x.Length), 0, 1), others = ops.Reshape(moved, items, height - 1, x.Length);
        return ops.Reshape(ops.Concat(first, others), x.Batch, 1, x.Length);
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition)
    {
        var seen = new RowByRow();
        Tensor row = Row(ops, z, 0), rows = row;
        for (int r = 1; r < height; r++)
        {
            Tensor told = Row(ops, condition, r), output = _net.Apply(ops, row, told, seen);
            row = ops.AffineInverse(Row(ops, z, r), ops.Slice(output, 0, 1), ops.Slice(output, 1, 1));
            rows = ops.Concat(rows, row);
            ops.Free(told);
            ops.Free(output);
        }
        return ops.Reshape(rows, z.Batch, 1, z.Length);
    }

    /// <summary>logScale and shift of the rows from the second on, [b·(height - 1), 1, width] each, from the rows above them.</summary>
    internal (Tensor LogScale, Tensor Shift) Parameters(Ops ops, Tensor x, Tensor condition)
    {
        Tensor above = Rows(ops, x, 0), told = Rows(ops, condition, 1), output = _net.Apply(ops, above, told, new WholePlanes(height - 1));
        ops.Free(above);
        ops.Free(told);
        return (ops.Slice(output, 0, 1), ops.Slice(output, 1, 1));
    }

    // All rows but one, from a first on, of each plane.
    private Tensor Rows(Ops ops, Tensor x, int first) =>
        ops.Take(x, [.. Enumerable.Range(0, x.Batch).Where(i => i % height >= first && i % height < first + height - 1)]);

    private Tensor Row(Ops ops, Tensor x, int row) => ops.Take(x, [.. Enumerable.Range(0, x.Batch / height).Select(b => b * height + row)]);
}
