using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace FlowVocoder.Compute.Kernels;

/// <summary>
/// The inner loop of <see cref="ShortConvolution"/>: sums[t][o] += Σ_c Σ_k w[c][k][o] · x[c·channelStride + k·tapStride + t] for blocks of 32 outputs o.
/// Each element is summed in the order of (c, k) with fused multiply-adds, as in <see cref="Tile"/>.
/// </summary>
internal static unsafe class ShortTile
{
    /// <summary>
    /// Adds to <paramref name="length"/> time steps of <paramref name="blocks"/> blocks, whose weights follow each other. Beyond one step, tiles of
    /// 4 steps, or 8 when there are more than 4, may run over the end.
    /// </summary>
    public static void Run(float* w, float* x, int channels, int channelStride, int taps, int tapStride, float* sums, int stride, int blocks, int length)
    {
        switch (SimdWidth.Bits)
        {
            case 512: ShortTile<Simd512, Vector512<float>>.Run(w, x, channels, channelStride, taps, tapStride, sums, stride, blocks, length); break;
            case 256: ShortTile<Simd256, Vector256<float>>.Run(w, x, channels, channelStride, taps, tapStride, sums, stride, blocks, length); break;
            default: ShortTile<Simd128, Vector128<float>>.Run(w, x, channels, channelStride, taps, tapStride, sums, stride, blocks, length); break;
        }
    }
}

internal static unsafe class ShortTile<TSimd, TVector>
    where TSimd : struct, ISimd<TVector>
    where TVector : struct
{
    private const int Block = ShortConvolution.Block;

    public static void Run(float* w, float* x, int channels, int channelStride, int taps, int tapStride, float* sums, int stride, int blocks, int length)
    {
        int width = TSimd.Width, vectors = blocks * Block / width, v = 0;
        long blockSize = (long)channels * taps * Block;
        // Vectors go in pairs, or fours for a single step, so that enough sums are under way to hide the latency of the multiply-adds.
        if (length == 1)
            for (; v + 4 <= vectors; v += 4)
                One4(Weights(v), Weights(v + 2), x, channels, channelStride, taps, tapStride, sums + v * width);
        for (; v + 2 <= vectors; v += 2)
            for (int t = 0; t < length;)
            {
                float* w2 = Weights(v), y = sums + (long)t * stride + v * width;
                // 32 registers hold 16 sums, the 16 of narrower machines hold 8. The last tile may run over the end.
                int step = length == 1 ? 1 : width == 16 && length - t > 4 ? 8 : 4;
                if (step == 8) Eight2(w2, x + t, channels, channelStride, taps, tapStride, y, stride);
                else if (step == 4) Four2(w2, x + t, channels, channelStride, taps, tapStride, y, stride);
                else One2(w2, x, channels, channelStride, taps, tapStride, y);
                t += step;
            }

        float* Weights(int vector) => w + vector * width / Block * blockSize + vector * width % Block;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Eight2(float* w, float* x, int channels, int channelStride, int taps, int tapStride, float* y, int stride)
    {
        int v = TSimd.Width;
        float* y0 = y, y1 = y0 + stride, y2 = y1 + stride, y3 = y2 + stride, y4 = y3 + stride, y5 = y4 + stride, y6 = y5 + stride, y7 = y6 + stride;
        TVector a00 = TSimd.Load(y0), a01 = TSimd.Load(y0 + v), a10 = TSimd.Load(y1), a11 = TSimd.Load(y1 + v);
        TVector a20 = TSimd.Load(y2), a21 = TSimd.Load(y2 + v), a30 = TSimd.Load(y3), a31 = TSimd.Load(y3 + v);
        TVector a40 = TSimd.Load(y4), a41 = TSimd.Load(y4 + v), a50 = TSimd.Load(y5), a51 = TSimd.Load(y5 + v);
        TVector a60 = TSimd.Load(y6), a61 = TSimd.Load(y6 + v), a70 = TSimd.Load(y7), a71 = TSimd.Load(y7 + v);
        for (int c = 0; c < channels; c++, x += channelStride)
        {
            float* p = x;
            for (int k = 0; k < taps; k++, p += tapStride, w += Block)
            {
                TVector u = TSimd.Load(w), z = TSimd.Load(w + v), s = TSimd.All(p[0]);
                a00 = TSimd.Fma(s, u, a00); a01 = TSimd.Fma(s, z, a01);
                s = TSimd.All(p[1]);
                a10 = TSimd.Fma(s, u, a10); a11 = TSimd.Fma(s, z, a11);
                s = TSimd.All(p[2]);
                a20 = TSimd.Fma(s, u, a20); a21 = TSimd.Fma(s, z, a21);
                s = TSimd.All(p[3]);
                a30 = TSimd.Fma(s, u, a30); a31 = TSimd.Fma(s, z, a31);
                s = TSimd.All(p[4]);
                a40 = TSimd.Fma(s, u, a40); a41 = TSimd.Fma(s, z, a41);
                s = TSimd.All(p[5]);
                a50 = TSimd.Fma(s, u, a50); a51 = TSimd.Fma(s, z, a51);
                s = TSimd.All(p[6]);
                a60 = TSimd.Fma(s, u, a60); a61 = TSimd.Fma(s, z, a61);
                s = TSimd.All(p[7]);
                a70 = TSimd.Fma(s, u, a70); a71 = TSimd.Fma(s, z, a71);
            }
        }
        TSimd.Store(y0, a00); TSimd.Store(y0 + v, a01); TSimd.Store(y1, a10); TSimd.Store(y1 + v, a11);
        TSimd.Store(y2, a20); TSimd.Store(y2 + v, a21); TSimd.Store(y3, a30); TSimd.Store(y3 + v, a31);
        TSimd.Store(y4, a40); TSimd.Store(y4 + v, a41); TSimd.Store(y5, a50); TSimd.Store(y5 + v, a51);
        TSimd.Store(y6, a60); TSimd.Store(y6 + v, a61); TSimd.Store(y7, a70); TSimd.Store(y7 + v, a71);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four2(float* w, float* x, int channels, int channelStride, int taps, int tapStride, float* y, int stride)
    {
        int v = TSimd.Width;
        float* y0 = y, y1 = y0 + stride, y2 = y1 + stride, y3 = y2 + stride;
        TVector a00 = TSimd.Load(y0), a01 = TSimd.Load(y0 + v), a10 = TSimd.Load(y1), a11 = TSimd.Load(y1 + v);
        TVector a20 = TSimd.Load(y2), a21 = TSimd.Load(y2 + v), a30 = TSimd.Load(y3), a31 = TSimd.Load(y3 + v);
        for (int c = 0; c < channels; c++, x += channelStride)
        {
            float* p = x;
            for (int k = 0; k < taps; k++, p += tapStride, w += Block)
            {
                TVector u = TSimd.Load(w), z = TSimd.Load(w + v), s = TSimd.All(p[0]);
                a00 = TSimd.Fma(s, u, a00); a01 = TSimd.Fma(s, z, a01);
                s = TSimd.All(p[1]);
                a10 = TSimd.Fma(s, u, a10); a11 = TSimd.Fma(s, z, a11);
                s = TSimd.All(p[2]);
                a20 = TSimd.Fma(s, u, a20); a21 = TSimd.Fma(s, z, a21);
                s = TSimd.All(p[3]);
                a30 = TSimd.Fma(s, u, a30); a31 = TSimd.Fma(s, z, a31);
            }
        }
        TSimd.Store(y0, a00); TSimd.Store(y0 + v, a01); TSimd.Store(y1, a10); TSimd.Store(y1 + v, a11);
        TSimd.Store(y2, a20); TSimd.Store(y2 + v, a21); TSimd.Store(y3, a30); TSimd.Store(y3 + v, a31);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One4(float* w0, float* w1, float* x, int channels, int channelStride, int taps, int tapStride, float* y)
    {
        int v = TSimd.Width;
        TVector a0 = TSimd.Load(y), a1 = TSimd.Load(y + v), a2 = TSimd.Load(y + 2 * v), a3 = TSimd.Load(y + 3 * v);
        for (int c = 0; c < channels; c++, x += channelStride)
        {
            float* p = x;
            for (int k = 0; k < taps; k++, p += tapStride, w0 += Block, w1 += Block)
            {
                TVector s = TSimd.All(*p);
                a0 = TSimd.Fma(s, TSimd.Load(w0), a0);
                a1 = TSimd.Fma(s, TSimd.Load(w0 + v), a1);
                a2 = TSimd.Fma(s, TSimd.Load(w1), a2);
                a3 = TSimd.Fma(s, TSimd.Load(w1 + v), a3);
            }
        }
        TSimd.Store(y, a0); TSimd.Store(y + v, a1); TSimd.Store(y + 2 * v, a2); TSimd.Store(y + 3 * v, a3);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void One2(float* w, float* x, int channels, int channelStride, int taps, int tapStride, float* y)
    {
        int v = TSimd.Width;
        TVector a0 = TSimd.Load(y), a1 = TSimd.Load(y + v);
        for (int c = 0; c < channels; c++, x += channelStride)
        {
            float* p = x;
            for (int k = 0; k < taps; k++, p += tapStride, w += Block)
            {
                TVector s = TSimd.All(*p);
                a0 = TSimd.Fma(s, TSimd.Load(w), a0);
                a1 = TSimd.Fma(s, TSimd.Load(w + v), a1);
            }
        }
        TSimd.Store(y, a0); TSimd.Store(y + v, a1);
    }
}
