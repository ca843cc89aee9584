using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>How a convolution sees the rows above a row: all at once, or those that came before, one after the other.</summary>
internal abstract class PlaneRows
{
    /// <summary>
    /// Each row of x [rows, c, w] below those (taps-1)·dilation … dilation rows above it in its plane, zeros above the first: [rows, taps·c, w].
    /// </summary>
    /// <param name="ops">Operations.</param>
    /// <param name="site">The name of the place in the model.</param>
    /// <param name="x">Rows.</param>
    /// <param name="taps">Rows that are seen.</param>
    /// <param name="dilation">Distance between them.</param>
    public abstract Tensor Stack(Ops ops, string site, Tensor x, int taps, int dilation);
}

/// <summary>Whole planes of so many rows each.</summary>
internal sealed class WholePlanes(int height) : PlaneRows
{
    /// <inheritdoc/>
    public override Tensor Stack(Ops ops, string site, Tensor x, int taps, int dilation) => Stack(ops, x, height, taps, dilation, (taps - 1) * dilation);

    /// <summary>The same where a row sees those from <paramref name="above"/> rows above it on, also some below it; zeros beyond the last.</summary>
    public static Tensor Stack(Ops ops, Tensor x, int height, int taps, int dilation, int above) =>
        ops.Take(x, Seen(x.Batch, height, taps, dilation, above), taps);

    /// <summary>Which rows each of so many sees, for <see cref="Ops.Take"/>; -1 is none.</summary>
    public static int[] Seen(int rows, int height, int taps, int dilation, int above)
    {
        var items = new int[rows * taps];
        for (int i = 0; i < items.Length; i++)
        {
            int row = i / taps % height, seen = row + i % taps * dilation - above;
            items[i] = seen >= 0 && seen < height ? i / taps - row + seen : -1;
        }
        return items;
    }
}

/// <summary>Planes whose rows come one after the other, each [b, c, w]: what later rows will see of them is kept, so that nothing is computed twice.</summary>
internal sealed class RowByRow : PlaneRows
{
    private readonly Dictionary<string, Queue<Tensor>> _kept = [];

    /// <inheritdoc/>
    public override Tensor Stack(Ops ops, string site, Tensor x, int taps, int dilation)
    {
        int span = (taps - 1) * dilation;
        if (!_kept.TryGetValue(site, out Queue<Tensor>? rows))
        {
            Tensor zeros = ops.Fill(x.Batch, x.Channels, x.Length, 0f);
            _kept[site] = rows = new Queue<Tensor>(Enumerable.Repeat(zeros, span));
        }
        // A copy: whoever made x may give it back.
        rows.Enqueue(ops.Reshape(x, x.Batch, x.Channels, x.Length));
        Tensor? stacked = null;
        foreach (Tensor seen in rows.Where((_, i) => i % dilation == 0))
        {
            Tensor? below = stacked;
            stacked = below == null ? seen : ops.Concat(below, seen);
            if (below != null && !rows.Contains(below)) ops.Free(below);
        }
        Tensor done = rows.Dequeue();
        if (!rows.Contains(done) && done != stacked) ops.Free(done);
        return stacked!;
    }
}
