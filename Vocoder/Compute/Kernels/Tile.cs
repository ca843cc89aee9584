using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace FlowVocoder.Compute.Kernels;

/// <summary>
/// The inner loop of every convolution, its two gradients and every matrix product:
/// y[o][n] = add[o][n] + bias[o] + Σ_c Σ_k w[c][k][o] · x[c·channelStride + k·tapStride + n] for 6 rows o.
/// Each element is summed in the order of (c, k) with fused multiply-adds, so results do not depend on
/// vector width, tiling, chunking or threads.
/// </summary>
internal static unsafe class Tile
{
    /// <summary>Output rows of a tile, and of a block of packed weights.</summary>
    public const int Rows = 6;

    /// <summary>Floats that a tile may read beyond the last column, whatever the width.</summary>
    public const int Slack = 16;

    // What is not there changes nothing, signs of zeros included.
    private static readonly Tensor s_zeros = new(1, Rows, 1), s_negativeZeros = Tensor.From([-0f, -0f, -0f, -0f, -0f, -0f], 1, Rows, 1);

    /// <summary>A bias that changes nothing.</summary>
    public static float* NegativeZeros => s_negativeZeros.Data;

    /// <summary>
    /// <paramref name="rows"/> rows of y (at most 6) and all columns 0 … <paramref name="columns"/>-1, which begin with add[o][n] + bias[o]. Bias and add may
    /// be null, and add may be y: its sums go on.
    /// </summary>
    public static void Run(float* w, float* x, int channels, int channelStride, int taps, int tapStride, float* bias, float* add, int addStride,
        float* y, int yStride, int rows, int columns)
    {
        if (bias == null) bias = (add == null ? s_zeros : s_negativeZeros).Data;
        switch (SimdWidth.Bits)
        {
            case 512:
                Tile<Simd512, Vector512<float>>.Run(w, x, channels, channelStride, taps, tapStride, bias, add, addStride, y, yStride, rows, columns);
                break;
            case 256:
                Tile<Simd256, Vector256<float>>.Run(w, x, channels, channelStride, taps, tapStride, bias, add, addStride, y, yStride, rows, columns);
                break;
            default:
                Tile<Simd128, Vector128<float>>.Run(w, x, channels, channelStride, taps, tapStride, bias, add, addStride, y, yStride, rows, columns);
                break;
        }
    }
}

internal static unsafe class Tile<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    public static void Run(float* w, float* x, int channels, int channelStride, int taps, int tapStride, float* bias, float* add, int addStride,
        float* y, int yStride, int rows, int columns)
    {
        int width = TSimd.Width;
        int n = 0;
        if (rows == Tile.Rows)
        {
            // 32 registers hold 24 accumulators; the 16 of narrower machines hold 12.
            if (width == 16)
                for (; n + 4 * width <= columns; n += 4 * width)
                    Six4(w, x + n, channels, channelStride, taps, tapStride, bias, At(add, n), addStride, y + n, yStride);
            for (; n + 2 * width <= columns; n += 2 * width)
                Six2(w, x + n, channels, channelStride, taps, tapStride, bias, At(add, n), addStride, y + n, yStride);
            for (; n + width <= columns; n += width)
                Six1(w, x + n, channels, channelStride, taps, tapStride, bias, At(add, n), addStride, y + n, yStride);
        }
        else if (rows % 2 == 0)
        {
            // The last block of 64 or 128 rows has 4 or 2.
            for (; n + 4 * width <= columns; n += 4 * width)
                for (int o = 0; o < rows; o += 2)
                    Two4(w + o, x + n, channels, channelStride, taps, tapStride, bias + o, At(add, o * addStride + n), addStride, y + o * yStride + n, yStride);
        }
        float* part = stackalloc float[Tile.Rows * width];
        for (; n < columns; n += width)
        {
            int valid = Math.Min(width, columns - n);
            new Span<float>(part, Tile.Rows * width).Clear();
            for (int o = 0; o < rows; o++)
            {
                if (add == null) new Span<float>(part + o * width, valid).Fill(bias[o]);
                else TensorPrimitives.Add(new ReadOnlySpan<float>(add + o * addStride + n, valid), bias[o], new Span<float>(part + o * width, valid));
            }
            Six1(w, x + n, channels, channelStride, taps, tapStride, Tile.NegativeZeros, part, width, part, width);
            for (int o = 0; o < rows; o++) Copy(part + o * width, y + o * yStride + n, valid);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector First(float* add, int n, TVector bias) => add == null ? bias : TSimd.Add(TSimd.Load(add + n), bias);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float* At(float* add, int n) => add == null ? null : add + n;

    private static void Copy(float* from, float* to, int count) => new Span<float>(from, count).CopyTo(new Span<float>(to, count));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Six4(float* w, float* x, int channels, int channelStride, int taps, int tapStride, float* bias, float* add, int addStride,
        float* y, int yStride)
    {
        int v = TSimd.Width;
        float* y0 = y, y1 = y + yStride, y2 = y1 + yStride, y3 = y2 + yStride, y4 = y3 + yStride, y5 = y4 + yStride;
        TVector s = TSimd.All(bias[0]);
        TVector a00 = First(add, 0, s), a01 = First(add, v, s), a02 = First(add, 2 * v, s), a03 = First(add, 3 * v, s);
        s = TSimd.All(bias[1]);
        add = At(add, addStride);
        TVector a10 = First(add, 0, s), a11 = First(add, v, s), a12 = First(add, 2 * v, s), a13 = First(add, 3 * v, s);
        s = TSimd.All(bias[2]);
        add = At(add, addStride);
        TVector a20 = First(add, 0, s), a21 = First(add, v, s), a22 = First(add, 2 * v, s), a23 = First(add, 3 * v, s);
        s = TSimd.All(bias[3]);
        add = At(add, addStride);
        TVector a30 = First(add, 0, s), a31 = First(add, v, s), a32 = First(add, 2 * v, s), a33 = First(add, 3 * v, s);
        s = TSimd.All(bias[4]);
        add = At(add, addStride);
        TVector a40 = First(add, 0, s), a41 = First(add, v, s), a42 = First(add, 2 * v, s), a43 = First(add, 3 * v, s);
        s = TSimd.All(bias[5]);
        add = At(add, addStride);
        TVector a50 = First(add, 0, s), a51 = First(add, v, s), a52 = First(add, 2 * v, s), a53 = First(add, 3 * v, s);
        for (int c = 0; c < channels; c++, x += channelStride)
        {
            float* p = x;
            for (int k = 0; k < taps; k++, p += tapStride, w += Tile.Rows)
            {
                TVector x0 = TSimd.Load(p), x1 = TSimd.Load(p + v), x2 = TSimd.Load(p + 2 * v), x3 = TSimd.Load(p + 3 * v);
                s = TSimd.All(w[0]);
                a00 = TSimd.Fma(s, x0, a00); a01 = TSimd.Fma(s, x1, a01); a02 = TSimd.Fma(s, x2, a02); a03 = TSimd.Fma(s, x3, a03);
                s = TSimd.All(w[1]);
                a10 = TSimd.Fma(s, x0, a10); a11 = TSimd.Fma(s, x1, a11); a12 = TSimd.Fma(s, x2, a12); a13 = TSimd.Fma(s, x3, a13);
                s = TSimd.All(w[2]);
                a20 = TSimd.Fma(s, x0, a20); a21 = TSimd.Fma(s, x1, a21); a22 = TSimd.Fma(s, x2, a22); a23 = TSimd.Fma(s, x3, a23);
                s = TSimd.All(w[3]);
                a30 = TSimd.Fma(s, x0, a30); a31 = TSimd.Fma(s, x1, a31); a32 = TSimd.Fma(s, x2, a32); a33 = TSimd.Fma(s, x3, a33);
                s = TSimd.All(w[4]);
                a40 = TSimd.Fma(s, x0, a40); a41 = TSimd.Fma(s, x1, a41); a42 = TSimd.Fma(s, x2, a42); a43 = TSimd.Fma(s, x3, a43);
                s = TSimd.All(w[5]);
                a50 = TSimd.Fma(s, x0, a50); a51 = TSimd.Fma(s, x1, a51); a52 = TSimd.Fma(s, x2, a52); a53 = TSimd.Fma(s, x3, a53);
            }
        }
        TSimd.Store(y0, a00); TSimd.Store(y0 + v, a01); TSimd.Store(y0 + 2 * v, a02); TSimd.Store(y0 + 3 * v, a03);
        TSimd.Store(y1, a10); TSimd.Store(y1 + v, a11); TSimd.Store(y1 + 2 * v, a12); TSimd.Store(y1 + 3 * v, a13);
        TSimd.Store(y2, a20); TSimd.Store(y2 + v, a21); TSimd.Store(y2 + 2 * v, a22); TSimd.Store(y2 + 3 * v, a23);
        TSimd.Store(y3, a30); TSimd.Store(y3 + v, a31); TSimd.Store(y3 + 2 * v, a32); TSimd.Store(y3 + 3 * v, a33);
        TSimd.Store(y4, a40); TSimd.Store(y4 + v, a41); TSimd.Store(y4 + 2 * v, a42); TSimd.Store(y4 + 3 * v, a43);
        TSimd.Store(y5, a50); TSimd.Store(y5 + v, a51); TSimd.Store(y5 + 2 * v, a52); TSimd.Store(y5 + 3 * v, a53);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Six2(float* w, float* x, int channels, int channelStride, int taps, int tapStride, float* bias, float* add, int addStride,
        float* y, int yStride)
    {
        int v = TSimd.Width;
        float* y0 = y, y1 = y + yStride, y2 = y1 + yStride, y3 = y2 + yStride, y4 = y3 + yStride, y5 = y4 + yStride;
        TVector s = TSimd.All(bias[0]);
        TVector a00 = First(add, 0, s), a01 = First(add, v, s);
        s = TSimd.All(bias[1]);
        add = At(add, addStride);
        TVector a10 = First(add, 0, s), a11 = First(add, v, s);
        s = TSimd.All(bias[2]);
        add = At(add, addStride);
        TVector a20 = First(add, 0, s), a21 = First(add, v, s);
        s = TSimd.All(bias[3]);
        add = At(add, addStride);
        TVector a30 = First(add, 0, s), a31 = First(add, v, s);
        s = TSimd.All(bias[4]);
        add = At(add, addStride);
        TVector a40 = First(add, 0, s), a41 = First(add, v, s);
        s = TSimd.All(bias[5]);
        add = At(add, addStride);
        TVector a50 = First(add, 0, s), a51 = First(add, v, s);
        for (int c = 0; c < channels; c++, x += channelStride)
        {
            float* p = x;
            for (int k = 0; k < taps; k++, p += tapStride, w += Tile.Rows)
            {
                TVector x0 = TSimd.Load(p), x1 = TSimd.Load(p + v);
                s = TSimd.All(w[0]);
                a00 = TSimd.Fma(s, x0, a00); a01 = TSimd.Fma(s, x1, a01);
                s = TSimd.All(w[1]);
                a10 = TSimd.Fma(s, x0, a10); a11 = TSimd.Fma(s, x1, a11);
                s = TSimd.All(w[2]);
                a20 = TSimd.Fma(s, x0, a20); a21 = TSimd.Fma(s, x1, a21);
                s = TSimd.All(w[3]);
                a30 = TSimd.Fma(s, x0, a30); a31 = TSimd.Fma(s, x1, a31);
                s = TSimd.All(w[4]);
                a40 = TSimd.Fma(s, x0, a40); a41 = TSimd.Fma(s, x1, a41);
                s = TSimd.All(w[5]);
                a50 = TSimd.Fma(s, x0, a50); a51 = TSimd.Fma(s, x1, a51);
            }
        }
        TSimd.Store(y0, a00); TSimd.Store(y0 + v, a01); TSimd.Store(y1, a10); TSimd.Store(y1 + v, a11);
        TSimd.Store(y2, a20); TSimd.Store(y2 + v, a21); TSimd.Store(y3, a30); TSimd.Store(y3 + v, a31);
        TSimd.Store(y4, a40); TSimd.Store(y4 + v, a41); TSimd.Store(y5, a50); TSimd.Store(y5 + v, a51);
    }

    // Two rows of a block of weights.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Two4(float* w, float* x, int channels, int channelStride, int taps, int tapStride, float* bias, float* add, int addStride,
        float* y, int yStride)
    {
        int v = TSimd.Width;
        float* y0 = y, y1 = y + yStride;
        TVector s = TSimd.All(bias[0]);
        TVector a00 = First(add, 0, s), a01 = First(add, v, s), a02 = First(add, 2 * v, s), a03 = First(add, 3 * v, s);
        s = TSimd.All(bias[1]);
        add = At(add, addStride);
        TVector a10 = First(add, 0, s), a11 = First(add, v, s), a12 = First(add, 2 * v, s), a13 = First(add, 3 * v, s);
        for (int c = 0; c < channels; c++, x += channelStride)
        {
            float* p = x;
            for (int k = 0; k < taps; k++, p += tapStride, w += Tile.Rows)
            {
                TVector x0 = TSimd.Load(p), x1 = TSimd.Load(p + v), x2 = TSimd.Load(p + 2 * v), x3 = TSimd.Load(p + 3 * v);
                s = TSimd.All(w[0]);
                a00 = TSimd.Fma(s, x0, a00); a01 = TSimd.Fma(s, x1, a01); a02 = TSimd.Fma(s, x2, a02); a03 = TSimd.Fma(s, x3, a03);
                s = TSimd.All(w[1]);
                a10 = TSimd.Fma(s, x0, a10); a11 = TSimd.Fma(s, x1, a11); a12 = TSimd.Fma(s, x2, a12); a13 = TSimd.Fma(s, x3, a13);
            }
        }
        TSimd.Store(y0, a00); TSimd.Store(y0 + v, a01); TSimd.Store(y0 + 2 * v, a02); TSimd.Store(y0 + 3 * v, a03);
        TSimd.Store(y1, a10); TSimd.Store(y1 + v, a11); TSimd.Store(y1 + 2 * v, a12); TSimd.Store(y1 + 3 * v, a13);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Six1(float* w, float* x, int channels, int channelStride, int taps, int tapStride, float* bias, float* add, int addStride,
        float* y, int yStride)
    {
        float* y0 = y, y1 = y + yStride, y2 = y1 + yStride, y3 = y2 + yStride, y4 = y3 + yStride, y5 = y4 + yStride;
        TVector a0 = First(add, 0, TSimd.All(bias[0])), a1 = First(At(add, addStride), 0, TSimd.All(bias[1]));
        TVector a2 = First(At(add, 2 * addStride), 0, TSimd.All(bias[2])), a3 = First(At(add, 3 * addStride), 0, TSimd.All(bias[3]));
        TVector a4 = First(At(add, 4 * addStride), 0, TSimd.All(bias[4])), a5 = First(At(add, 5 * addStride), 0, TSimd.All(bias[5]));
        for (int c = 0; c < channels; c++, x += channelStride)
        {
            float* p = x;
            for (int k = 0; k < taps; k++, p += tapStride, w += Tile.Rows)
            {
                TVector x0 = TSimd.Load(p);
                a0 = TSimd.Fma(TSimd.All(w[0]), x0, a0);
                a1 = TSimd.Fma(TSimd.All(w[1]), x0, a1);
                a2 = TSimd.Fma(TSimd.All(w[2]), x0, a2);
                a3 = TSimd.Fma(TSimd.All(w[3]), x0, a3);
                a4 = TSimd.Fma(TSimd.All(w[4]), x0, a4);
                a5 = TSimd.Fma(TSimd.All(w[5]), x0, a5);
            }
        }
        TSimd.Store(y0, a0); TSimd.Store(y1, a1); TSimd.Store(y2, a2); TSimd.Store(y3, a3); TSimd.Store(y4, a4); TSimd.Store(y5, a5);
    }
}
