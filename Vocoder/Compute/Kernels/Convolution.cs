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
    public static void Pack(Tensor weight, int first, int count, float* packed) => PackBlocks(weight, first, count, Tile.Rows, packed);

    /// <summary>The same in blocks of so many rows: [block][in][tap][blockRows].</summary>
    public static void PackBlocks(Tensor weight, int first, int count, int blockRows, float* packed)
    {
        int inner = weight.Channels * weight.Length;
        int blocks = (count + blockRows - 1) / blockRows;
        for (int block = 0; block < blocks; block++)
            for (int r = 0; r < blockRows; r++)
            {
                int row = block * blockRows + r;
                float* target = packed + (long)block * inner * blockRows;
                ReadOnlySpan<float> source = row < count ? weight.Span.Slice((first + row) * inner, inner) : default;
                for (int i = 0; i < inner; i++) target[i * blockRows + r] = row < count ? source[i] : 0f;
            }
    }

    /// <summary>Floats that <see cref="PackTransposed"/> writes for so many rows.</summary>
    public static int PackedTransposedSize(Tensor weight, int count) => (weight.Channels + Tile.Rows - 1) / Tile.Rows * Tile.Rows * count * weight.Length;

    /// <summary>Packs the same rows for the gradient of the input: [block of in][out][reversed tap][6].</summary>
    public static void PackTransposed(Tensor weight, int first, int count, float* packed)
    {
        int channels = weight.Channels, taps = weight.Length;
        new Span<float>(packed, PackedTransposedSize(weight, count)).Clear();
        for (int c = 0; c < channels; c++)
        {
            float* source = weight.Data + (long)first * channels * taps + c * taps;
            int target = c / Tile.Rows * count * taps * Tile.Rows + c % Tile.Rows;
            for (int o = 0; o < count; o++, source += channels * taps)
                for (int k = 0; k < taps; k++) packed[target + (o * taps + taps - 1 - k) * Tile.Rows] = source[k];
        }
    }

    /// <summary>
    /// y[b, o, t] += Σ_c Σ_k w[o, c, k] · padded[b, c, t + k·dilation], on <paramref name="rows"/> rows of y.
    /// <paramref name="padded"/> has rows of length <paramref name="stride"/> with at least length + (taps-1)·dilation + <see cref="Tile.Slack"/> floats.
    /// </summary>
    public static void Run(Parallelism parallelism, float* packed, float* padded, int stride, int batch, int channels, int taps, int dilation,
        float* y, int rows, int length)
    {
        int blocks = (rows + Tile.Rows - 1) / Tile.Rows;
        // Batch items are the natural unit of work; a single item is divided by output rows instead.
        int parts = Math.Clamp(parallelism.Threads / Math.Max(1, batch), 1, blocks);
        var work = new Forward(packed, padded, y, stride, channels, taps, dilation, rows, length, parts);
        parallelism.For(batch * parts, work, static (job, in work) => work.Run(job));
    }

    private readonly struct Forward(float* packed, float* padded, float* y, int stride, int channels, int taps, int dilation, int rows, int length, int parts)
    {
        public void Run(int job)
        {
            int b = job / parts, part = job % parts, blocks = (rows + Tile.Rows - 1) / Tile.Rows;
            int from = blocks * part / parts, to = blocks * (part + 1) / parts;
            float* x = padded + (long)b * channels * stride;
            float* target = y + (long)b * rows * length;
            // A tile of columns of all channels stays in the first-level cache while the blocks of weights pass by.
            for (int t = 0; t < length; t += ColumnTile)
                for (int block = from; block < to; block++)
                    Tile.Run(packed + (long)block * channels * taps * Tile.Rows, x + t, channels, stride, taps, dilation,
                        target + (long)block * Tile.Rows * length + t, length, Math.Min(Tile.Rows, rows - block * Tile.Rows), Math.Min(ColumnTile, length - t));
        }
    }

    /// <summary>
    /// gradient[k][o][c] += Σ_b Σ_t dy[b, o, t] · x[b, t + k·dilation, c]: <paramref name="timeMajor"/> is x as [batch, padded time, stride] and
    /// <paramref name="packedGradient"/> is dy as [batch, block, time, 6]. gradient has rows of length stride, blocks·6 rows per tap.
    /// </summary>
    public static void WeightGradient(Parallelism parallelism, float* packedGradient, float* timeMajor, int stride, int paddedLength, int batch, int channels,
        int taps, int dilation, int rows, int length, float* gradient)
    {
        int blocks = (rows + Tile.Rows - 1) / Tile.Rows;
        // Each block of rows is summed over the whole batch by one thread, in one order.
        var work = new Reduction(packedGradient, timeMajor, gradient, stride, paddedLength, batch, channels, taps, dilation, blocks, length);
        parallelism.For(blocks, work, static (block, in work) => work.Run(block));
    }

    private readonly struct Reduction(float* packedGradient, float* timeMajor, float* gradient, int stride, int paddedLength, int batch, int channels,
        int taps, int dilation, int blocks, int length)
    {
        public void Run(int block)
        {
            for (int b = 0; b < batch; b++)
                for (int t = 0; t < length; t += ReductionTile)
                {
                    int count = Math.Min(ReductionTile, length - t);
                    float* dy = packedGradient + (((long)b * blocks + block) * length + t) * Tile.Rows;
                    for (int c = 0; c < channels; c += ColumnTile)
                        for (int k = 0; k < taps; k++)
                            Tile.Run(dy, timeMajor + ((long)b * paddedLength + t + k * dilation) * stride + c, count, stride, 1, 0,
                                gradient + ((long)k * blocks * Tile.Rows + block * Tile.Rows) * stride + c, stride, Tile.Rows, Math.Min(ColumnTile, channels - c));
                }
        }
    }
}
