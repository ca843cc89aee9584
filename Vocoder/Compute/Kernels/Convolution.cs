using System.Numerics.Tensors;

namespace FlowVocoder.Compute.Kernels;

/// <summary>
/// Direct dilated convolution and its gradients on padded copies of the input. The copy costs one pass over the input,
/// against channels × taps passes of arithmetic, and rids the inner loop of every border.
/// </summary>
internal static unsafe class Convolution
{
    private const int ColumnTile = 64;
    private const int ReductionTile = 96;

    /// <summary>Row length for rows of at least <paramref name="length"/> floats that does not alias in the first-level cache.</summary>
    public static int Stride(int length)
    {
        int lines = (length + 15) / 16;
        return (lines | 1) * 16;
    }

    /// <summary>Floats that <see cref="Pack"/> writes for so many rows.</summary>
    public static int PackedSize(Tensor weight, int count) => (count + Tile.Rows - 1) / Tile.Rows * Tile.Rows * weight.Channels * weight.Length;

    /// <summary>Packs rows first … first+count-1 of a weight [out, in, taps] as [block][in][tap][6], zero beyond the last row.</summary>
    public static void Pack(Parallelism parallelism, Tensor weight, int first, int count, float* packed) =>
        PackBlocks(parallelism, weight, first, count, Tile.Rows, packed);

    /// <summary>The same in blocks of so many rows: [block][in][tap][blockRows].</summary>
    public static void PackBlocks(Parallelism parallelism, Tensor weight, int first, int count, int blockRows, float* packed)
    {
        var work = new Packing(weight.Data + (long)first * weight.Channels * weight.Length, packed, weight.Channels * weight.Length, count, blockRows);
        parallelism.ForRanges((count + blockRows - 1) / blockRows, work.Inner * blockRows, work, static (from, to, in work) => work.Run(from, to));
    }

    private readonly struct Packing(float* weight, float* packed, int inner, int count, int blockRows)
    {
        public int Inner => inner;

        public void Run(int fromBlock, int toBlock)
        {
            for (int row = fromBlock * blockRows; row < toBlock * blockRows; row++)
            {
                float* target = packed + (long)(row / blockRows) * inner * blockRows + row % blockRows, source = weight + (long)row * inner;
                for (int i = 0; i < inner; i++) target[i * blockRows] = row < count ? source[i] : 0f;
            }
        }
    }

    /// <summary>Floats that <see cref="PackTransposed"/> writes for so many rows.</summary>
    public static int PackedTransposedSize(Tensor weight, int count) => (weight.Channels + Tile.Rows - 1) / Tile.Rows * Tile.Rows * count * weight.Length;

    /// <summary>Packs the same rows for the gradient of the input: [block of in][out][reversed tap][6].</summary>
    public static void PackTransposed(Parallelism parallelism, Tensor weight, int first, int count, float* packed)
    {
        int channels = weight.Channels, taps = weight.Length, blocks = (channels + Tile.Rows - 1) / Tile.Rows;
        var work = new TransposedPacking(weight.Data + (long)first * channels * taps, packed, channels, taps, count);
        parallelism.ForRanges(blocks, Tile.Rows * count * taps, work, static (from, to, in work) => work.Run(from, to));
    }

    private readonly struct TransposedPacking(float* weight, float* packed, int channels, int taps, int count)
    {
        public void Run(int fromBlock, int toBlock)
        {
            for (int c = fromBlock * Tile.Rows; c < toBlock * Tile.Rows; c++)
            {
                float* target = packed + (long)(c / Tile.Rows) * count * taps * Tile.Rows + c % Tile.Rows, source = weight + c * taps;
                for (int o = 0; o < count; o++, source += channels * taps)
                    for (int k = taps - 1; k >= 0; k--, target += Tile.Rows) *target = c < channels ? source[k] : 0f;
            }
        }
    }

    /// <summary>
    /// y[b, o, t] = bias[o] + add[b, o, t] + Σ_c Σ_k w[o, c, k] · padded[b, c, t + k·dilation], on <paramref name="rows"/> rows of y; bias and add may be null,
    /// and add may be y.
    /// <paramref name="padded"/> has rows of length <paramref name="stride"/> with at least length + (taps-1)·dilation + <see cref="Tile.Slack"/> floats.
    /// </summary>
    public static void Run(Parallelism parallelism, float* packed, float* padded, int stride, int batch, int channels, int taps, int dilation,
        float* bias, float* add, float* y, int rows, int length)
    {
        int blocks = (rows + Tile.Rows - 1) / Tile.Rows;
        // Batch items are the natural unit of work; a single item is divided by output rows instead.
        int parts = Math.Clamp(parallelism.Threads / Math.Max(1, batch), 1, blocks);
        var work = new Forward(packed, padded, bias, add, y, stride, channels, taps, dilation, rows, length, parts);
        parallelism.For(batch * parts, work, static (job, in work) => work.Run(job));
    }

    private readonly struct Forward(float* packed, float* padded, float* bias, float* add, float* y, int stride, int channels, int taps, int dilation,
        int rows, int length, int parts)
    {
        public void Run(int job)
        {
            int b = job / parts, part = job % parts, blocks = (rows + Tile.Rows - 1) / Tile.Rows;
            int from = blocks * part / parts, to = blocks * (part + 1) / parts;
            float* x = padded + (long)b * channels * stride;
            float* target = y + (long)b * rows * length;
            // A tile of columns of all channels stays in the first-level cache while the blocks of weights pass by.
            for (int t = 0; t < length; t += ColumnTile)
                for (int row = from * Tile.Rows; row < Math.Min(rows, to * Tile.Rows); row += Tile.Rows)
                {
                    float* tile = target + (long)row * length + t;
                    Tile.Run(packed + (long)row * channels * taps, x + t, channels, stride, taps, dilation, bias == null ? null : bias + row,
                        add == null ? null : add + (tile - y), length, tile, length, Math.Min(Tile.Rows, rows - row), Math.Min(ColumnTile, length - t));
                }
        }
    }

    /// <summary>
    /// gradient[o, c, k] += Σ_b Σ_t dy[b, o, t] · x[b, t + k·dilation, c]: <paramref name="timeMajor"/> is x as [batch, padded time, stride] and
    /// <paramref name="packedGradient"/> is dy as [batch, block, time, 6].
    /// </summary>
    /// <param name="scratch">Room for blocks·6·taps rows of length stride, and <see cref="Tile.Slack"/>.</param>
    public static void WeightGradient(Parallelism parallelism, float* packedGradient, float* timeMajor, int stride, int paddedLength, int batch, int channels,
        int taps, int dilation, int rows, int length, float* scratch, float* gradient)
    {
        int blocks = (rows + Tile.Rows - 1) / Tile.Rows;
        // Each block of rows is summed over the whole batch by one thread, in one order.
        var work = new Reduction(packedGradient, timeMajor, scratch, gradient, stride, paddedLength, batch, channels, taps, dilation, rows, length);
        parallelism.For(blocks, work, static (block, in work) => work.Run(block));
    }

    private readonly struct Reduction(float* packedGradient, float* timeMajor, float* scratch, float* gradient, int stride, int paddedLength, int batch,
        int channels, int taps, int dilation, int rows, int length)
    {
        public void Run(int block)
        {
            int blocks = (rows + Tile.Rows - 1) / Tile.Rows, size = taps * Tile.Rows * stride;
            // [tap][row of the block][in], as the tiles write it.
            float* sums = scratch + (long)block * size;
            new Span<float>(sums, size).Clear();
            for (int b = 0; b < batch; b++)
                for (int t = 0; t < length; t += ReductionTile)
                {
                    int count = Math.Min(ReductionTile, length - t);
                    float* dy = packedGradient + (((long)b * blocks + block) * length + t) * Tile.Rows;
                    for (int c = 0; c < channels; c += ColumnTile)
                        for (int k = 0; k < taps; k++)
                        {
                            float* sum = sums + k * Tile.Rows * stride + c;
                            Tile.Run(dy, timeMajor + ((long)b * paddedLength + t + k * dilation) * stride + c, count, stride, 1, 0,
                                null, sum, stride, sum, stride, Tile.Rows, Math.Min(ColumnTile, channels - c));
                        }
                }
            for (int r = 0; r < Math.Min(Tile.Rows, rows - block * Tile.Rows); r++)
                AddRow(sums + r * stride, gradient + ((long)block * Tile.Rows + r) * channels * taps);
        }

        private void AddRow(float* sums, float* target)
        {
            if (taps == 1)
            {
                var row = new Span<float>(target, channels);
                TensorPrimitives.Add(row, new ReadOnlySpan<float>(sums, channels), row);
                return;
            }
            for (int c = 0; c < channels; c++)
                for (int k = 0; k < taps; k++) *target++ += sums[k * Tile.Rows * stride + c];
        }
    }
}
