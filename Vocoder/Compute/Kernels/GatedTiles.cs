namespace FlowVocoder.Compute.Kernels;

/// <summary>Packed weights of some rows, see <see cref="Convolution.Pack"/>, and their bias, null where there is none.</summary>
internal readonly unsafe struct PackedRows(float* weights, float* bias)
{
    /// <summary>Whether there are such rows at all.</summary>
    public bool IsNone => weights == null;

    /// <summary>Weights of a block of rows, each of so many values.</summary>
    public float* Block(int first, int inner) => weights + (long)first * inner;

    /// <summary>Bias from a row on.</summary>
    public float* Bias(int first) => bias == null ? null : bias + first;
}

/// <summary>
/// A gated layer of a WaveNet, one tile of columns after the other: what its convolutions, the gate and the two sums hand to each other stays in the caches
/// next to the processor. Each element is summed as the single operations sum it, so the bits are theirs.
/// </summary>
internal unsafe struct GatedTiles
{
    private const int Columns = 64, Vector = 16;

    /// <summary>The rows of the dilated convolution before the two halves of the gate, and those of the condition.</summary>
    public PackedRows Tanh, Sigmoid, TanhCondition, SigmoidCondition;

    /// <summary>What the gated channels give to the next layer, none in the last one, and to the sum of all layers.</summary>
    public PackedRows Residual, Skip;

    /// <summary>The input in rows of length <see cref="Stride"/>, each after <see cref="Left"/> values of its border.</summary>
    public float* Padded;

    /// <summary>[b, <see cref="ConditionChannels"/>, t], and the sum of the layers before, null in the first.</summary>
    public float* Condition, SkipBefore;

    /// <summary>The results.</summary>
    public float* Hidden, SkipAfter;

    /// <summary>Room for <see cref="ScratchSize"/> floats for each of the jobs.</summary>
    public float* Scratch;

    public int Batch, Inputs, Channels, ConditionChannels, SkipChannels, Left, Stride, Taps, Dilation, Length, Parts;

    /// <summary>Floats of scratch that a job needs.</summary>
    public readonly int ScratchSize => (3 * Channels + ConditionChannels) * Columns;

    /// <summary>Into how many jobs each batch item is divided, so that all threads have one.</summary>
    public static int Share(Parallelism parallelism, int batch, int length) =>
        Math.Clamp(parallelism.Threads / Math.Max(1, batch), 1, (length + Vector - 1) / Vector);

    /// <summary>Computes all.</summary>
    public static void Run(Parallelism parallelism, in GatedTiles work) =>
        parallelism.For(work.Batch * work.Parts, work, static (job, in work) => work.Run(job));

    private readonly void Run(int job)
    {
        int b = job / Parts, share = job % Parts, vectors = (Length + Vector - 1) / Vector;
        int from = vectors * share / Parts * Vector, to = Math.Min(Length, vectors * (share + 1) / Parts * Vector);
        float* sums = Scratch + (long)job * ScratchSize, gated = sums + 2 * Channels * Columns, condition = gated + Channels * Columns;
        for (int t = from; t < to; t += Columns)
        {
            // The tiles in scratch are whole vectors wide, whatever is in the last columns.
            int columns = Math.Min(Columns, to - t), width = (columns + Vector - 1) / Vector * Vector;
            float* x = Padded + (long)b * Inputs * Stride + t;
            if (ConditionChannels > 0) AddCondition(b, t, columns, width, condition, sums);
            Filter(x, width, sums, gated);
            long at = (long)b * SkipChannels * Length + t;
            if (!Residual.IsNone)
            {
                // The input once more, from where it is at hand.
                Project(Residual, Inputs, gated, Channels, width, x + Left, Stride, Hidden + (long)b * Inputs * Length + t, Length, columns);
            }
            Project(Skip, SkipChannels, gated, Channels, width, SkipBefore == null ? null : SkipBefore + at, Length, SkipAfter + at, Length, columns);
        }
    }

    // What the condition adds to both halves, before the first product of the filter.
    private readonly void AddCondition(int b, int t, int columns, int width, float* condition, float* sums)
    {
        for (int c = 0; c < ConditionChannels; c++)
        {
            var row = new Span<float>(condition + c * width, width);
            new ReadOnlySpan<float>(Condition + ((long)b * ConditionChannels + c) * Length + t, columns).CopyTo(row);
            row[columns..].Clear();
        }
        Project(TanhCondition, Channels, condition, ConditionChannels, width, null, 0, sums, width, width);
        Project(SigmoidCondition, Channels, condition, ConditionChannels, width, null, 0, sums + Channels * width, width, width);
    }

    private readonly void Filter(float* x, int width, float* sums, float* gated)
    {
        for (int o = 0; o < Channels; o += Tile.Rows)
        {
            int count = Math.Min(Tile.Rows, Channels - o);
            float* tanh = sums + o * width, sigmoid = tanh + Channels * width;
            Filter(Tanh, o, x, width, tanh, count);
            Filter(Sigmoid, o, x, width, sigmoid, count);
            Elementwise.Run<GateF>(tanh, sigmoid, tanh, gated + o * width, count * width);
        }
    }

    private readonly void Filter(PackedRows rows, int o, float* x, int width, float* sums, int count) =>
        Tile.Run(rows.Block(o, Inputs * Taps), x, Inputs, Stride, Taps, Dilation, rows.Bias(o), ConditionChannels > 0 ? sums : null, width,
            sums, width, count, width);

    // Some rows of one tap over a tile in scratch, added to what was there.
    private static void Project(PackedRows rows, int count, float* tile, int channels, int width, float* add, int addStride, float* y,
        int stride, int columns)
    {
        for (int o = 0; o < count; o += Tile.Rows)
            Tile.Run(rows.Block(o, channels), tile, channels, width, 1, 0, rows.Bias(o), add == null ? null : add + (long)o * addStride, addStride,
                y + (long)o * stride, stride, Math.Min(Tile.Rows, count - o), columns);
    }
}
