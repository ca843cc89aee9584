using System.Numerics.Tensors;

namespace FlowVocoder.Compute.Kernels;

/// <summary>
/// Convolution of few time steps, as streams call it: too few to fill the vectors of <see cref="Tile"/>, so that vectors run over output channels
/// instead, with weights packed as [block][in][tap][32]. Each element is summed in the same order, so the bits are those of <see cref="Convolution"/>.
/// </summary>
internal static unsafe class ShortConvolution
{
    /// <summary>Output channels in a block of packed weights.</summary>
    public const int Block = 32;

    // Multiply-adds that are worth the call of another thread: about a microsecond of them.
    private const long Grain = 1 << 16;

    /// <summary>Whether this is the faster way for so many time steps; from 16 on <see cref="Tile"/> is, at every vector width.</summary>
    public static bool Suits(int length) => length < 16;

    /// <summary>Output channels rounded up to whole blocks.</summary>
    public static int Stride(int rows) => (rows + Block - 1) / Block * Block;

    /// <summary>Floats that <see cref="Pack"/> writes for so many rows.</summary>
    public static int PackedSize(Tensor weight, int rows) => Stride(rows) * weight.Channels * weight.Length;

    /// <summary>Packs rows first … first+count-1 of a weight [out, in, taps] as [block][in][tap][32], zero beyond the last row.</summary>
    public static void Pack(Parallelism parallelism, Tensor weight, int first, int count, float* packed) =>
        Convolution.PackBlocks(parallelism, weight, first, count, Block, packed);

    /// <summary>Floats that may be read beyond the end of the input.</summary>
    public const int Overrun = 8;

    /// <summary>Floats of scratch that <see cref="Run"/> needs.</summary>
    public static int ScratchSize(int batch, int rows, int length) => checked(batch * Steps(length) * Stride(rows));

    // Steps of the tiles that cover so many.
    private static int Steps(int length) => length == 1 ? 1 : length <= 4 ? 4 : (length + 7) / 8 * 8;

    /// <summary>
    /// y[b, o, t] = bias[o] + add[b, o, t] + Σ_c Σ_k w[o, c, k] · padded[b, c, t + k·dilation]; bias and add may be null.
    /// <paramref name="padded"/> has rows of length <paramref name="stride"/>; up to <see cref="Overrun"/> floats beyond the last one may be read.
    /// </summary>
    public static void Run(Parallelism parallelism, float* packed, float* padded, int stride, int batch, int channels, int taps, int dilation,
        float* bias, float* add, float* y, int rows, int length, float* scratch)
    {
        int blocks = Stride(rows) / Block;
        long most = Math.Min(blocks, (long)rows * channels * taps * length / Grain);
        int parts = (int)Math.Max(1, Math.Min(parallelism.Threads / Math.Max(1, batch), most));
        var work = new Work(packed, padded, bias, add, y, scratch, stride, channels, taps, dilation, rows, length, parts);
        parallelism.For(batch * parts, work, static (job, in work) => work.Run(job));
    }

    private readonly struct Work(float* packed, float* padded, float* bias, float* add, float* y, float* scratch,
        int stride, int channels, int taps, int dilation, int rows, int length, int parts)
    {
        public void Run(int job)
        {
            int b = job / parts, part = job % parts, width = Stride(rows), blocks = width / Block;
            int first = blocks * part / parts * Block, last = Math.Min(rows, blocks * (part + 1) / parts * Block);
            float* sums = scratch + (long)b * Steps(length) * width;
            long row = ((long)b * rows + first) * length;
            Begin(sums + first, width, first, last - first, add == null ? null : add + row);
            ShortTile.Run(packed + (long)first * channels * taps, padded + (long)b * channels * stride, channels, stride, taps, dilation,
                sums + first, width, (last - first + Block - 1) / Block, length);
            Transpose.ToChannelMajor(sums + first, width, last - first, length, y + row);
        }

        // The sums of all time steps, [steps, width], before the first product.
        private void Begin(float* sums, int width, int first, int count, float* added)
        {
            int whole = Stride(count);
            if (added != null) Transpose.ToTimeMajor(added, count, length, sums, width);
            for (int t = 0; t < Steps(length); t++)
            {
                var step = new Span<float>(sums + (long)t * width, whole);
                if (t >= length || (added == null && bias == null)) step.Clear();
                else if (added == null) new ReadOnlySpan<float>(bias + first, count).CopyTo(step);
                else if (bias != null) TensorPrimitives.Add(step[..count], new ReadOnlySpan<float>(bias + first, count), step);
                step[count..].Clear();
            }
        }
    }
}
