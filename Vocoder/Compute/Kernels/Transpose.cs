using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace FlowVocoder.Compute.Kernels;

/// <summary>Changes of layout before a product over time.</summary>
internal static unsafe class Transpose
{
    private const int Square = 8, Four = 4;

    /// <summary>x [channels, length] → y [paddedLength, stride] with <paramref name="left"/> zero rows before and zeros after.</summary>
    public static void ToTimeMajor(float* x, int channels, int length, float* y, int stride, int left, int paddedLength)
    {
        new Span<float>(y, left * stride).Clear();
        new Span<float>(y + (left + length) * stride, (paddedLength - left - length) * stride).Clear();
        y += left * stride;
        // Blocks keep both sides in the first-level cache.
        for (int t0 = 0; t0 < length; t0 += 16)
        {
            int t1 = Math.Min(t0 + 16, length), c = 0;
            for (; Avx.IsSupported && t1 - t0 == 16 && c + Square <= channels; c += Square)
            {
                Squares(x + (long)c * length + t0, length, Square, y + t0 * stride + c, stride);
                Squares(x + (long)c * length + t0 + Square, length, Square, y + (t0 + Square) * stride + c, stride);
            }
            for (; c < channels; c++)
            {
                float* source = x + (long)c * length;
                for (int t = t0; t < t1; t++) y[t * stride + c] = source[t];
            }
        }
    }

    /// <summary>x [channels, length] → the first channels of y [length, stride].</summary>
    public static void ToTimeMajor(float* x, int channels, int length, float* y, int stride)
    {
        int c = 0;
        if (length == 1) new ReadOnlySpan<float>(x, c = channels).CopyTo(new Span<float>(y, channels));
        if (Avx.IsSupported && length == Square)
            for (; c + Square <= channels; c += Square) Squares(x + c * length, length, Square, y + c, stride);
        if (Sse.IsSupported && length == Four)
            for (; c + Four <= channels; c += Four) Fours(x + c * length, length, y + c, stride);
        for (; c < channels; c++)
            for (int t = 0; t < length; t++) y[t * stride + c] = x[c * length + t];
    }

    /// <summary>Undoes <see cref="ToTimeMajor(float*, int, int, float*, int)"/>: the first channels of x [length, stride] → y [channels, length].</summary>
    public static void ToChannelMajor(float* x, int stride, int channels, int length, float* y)
    {
        int c = 0;
        if (length == 1) new ReadOnlySpan<float>(x, c = channels).CopyTo(new Span<float>(y, channels));
        if (Avx.IsSupported && length == Square)
            for (; c + Square <= channels; c += Square) Squares(x + c, stride, Square, y + c * length, length);
        if (Sse.IsSupported && length == Four)
            for (; c + Four <= channels; c += Four) Fours(x + c, stride, y + c * length, length);
        for (; c < channels; c++)
            for (int t = 0; t < length; t++) y[c * length + t] = x[t * stride + c];
    }

    /// <summary>Row r of x begins at x[r·xStride], column t of y at y[t·yStride]: y[t·yStride + r] = x[r·xStride + t].</summary>
    public static void Rows(float* x, int xStride, int rows, int length, float* y, int yStride)
    {
        int r = 0;
        for (; Avx.IsSupported && r + Square <= rows; r += Square)
        {
            float* source = x + (long)r * xStride;
            int t = 0;
            for (; t + Square <= length; t += Square) Squares(source + t, xStride, Square, y + (long)t * yStride + r, yStride);
            for (; t < length; t++)
                for (int i = 0; i < Square; i++) y[(long)t * yStride + r + i] = source[(long)i * xStride + t];
        }
        for (; r < rows; r++)
            for (int t = 0; t < length; t++) y[(long)t * yStride + r] = x[(long)r * xStride + t];
    }

    /// <summary>x [rows, length] → y [⌈rows/6⌉, length, 6], zero beyond the last row.</summary>
    public static void ToBlocks(float* x, int rows, int length, float* y)
    {
        for (int first = 0; first < rows; first += Tile.Rows, x += Tile.Rows * length, y += length * Tile.Rows)
        {
            int valid = Math.Min(Tile.Rows, rows - first), t = 0;
            // Each store of 8 runs 2 into the next column, so that at least one column must follow.
            for (; Avx.IsSupported && valid == Tile.Rows && t + Square < length; t += Square) Squares(x + t, length, Tile.Rows, y + t * Tile.Rows, Tile.Rows);
            for (; t < length; t++)
                for (int r = 0; r < Tile.Rows; r++) y[t * Tile.Rows + r] = r < valid ? x[r * length + t] : 0f;
        }
    }

    // 4 columns of 4 rows.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Fours(float* x, int xStride, float* y, int yStride)
    {
        Vector128<float> r0 = Vector128.Load(x), r1 = Vector128.Load(x + xStride), r2 = Vector128.Load(x + 2L * xStride), r3 = Vector128.Load(x + 3L * xStride);
        Vector128<float> low01 = Sse.UnpackLow(r0, r1), high01 = Sse.UnpackHigh(r0, r1), low23 = Sse.UnpackLow(r2, r3), high23 = Sse.UnpackHigh(r2, r3);
        Sse.MoveLowToHigh(low01, low23).Store(y);
        Sse.MoveHighToLow(low23, low01).Store(y += yStride);
        Sse.MoveLowToHigh(high01, high23).Store(y += yStride);
        Sse.MoveHighToLow(high23, high01).Store(y + yStride);
    }

    // 8 columns of 6 or 8 rows; writes 8 rows of 8, the last two elements of each 0 when there are 6.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Squares(float* x, int xStride, int rows, float* y, int yStride)
    {
        float* x4 = x + 4L * xStride;
        Vector256<float> r0 = Vector256.Load(x), r1 = Vector256.Load(x + xStride), r2 = Vector256.Load(x + 2L * xStride), r3 = Vector256.Load(x + 3L * xStride);
        Vector256<float> r4 = Vector256.Load(x4), r5 = Vector256.Load(x4 + xStride), r6 = default, r7 = default;
        if (rows == Square) (r6, r7) = (Vector256.Load(x4 + 2L * xStride), Vector256.Load(x4 + 3L * xStride));
        Vector256<float> a0 = Avx.UnpackLow(r0, r1), a1 = Avx.UnpackHigh(r0, r1), a2 = Avx.UnpackLow(r2, r3), a3 = Avx.UnpackHigh(r2, r3);
        Vector256<float> a4 = Avx.UnpackLow(r4, r5), a5 = Avx.UnpackHigh(r4, r5), a6 = Avx.UnpackLow(r6, r7), a7 = Avx.UnpackHigh(r6, r7);
        Vector256<float> b0 = Avx.Shuffle(a0, a2, 0x44), b1 = Avx.Shuffle(a0, a2, 0xEE), b2 = Avx.Shuffle(a1, a3, 0x44), b3 = Avx.Shuffle(a1, a3, 0xEE);
        Vector256<float> b4 = Avx.Shuffle(a4, a6, 0x44), b5 = Avx.Shuffle(a4, a6, 0xEE), b6 = Avx.Shuffle(a5, a7, 0x44), b7 = Avx.Shuffle(a5, a7, 0xEE);
        Avx.Permute2x128(b0, b4, 0x20).Store(y);
        Avx.Permute2x128(b1, b5, 0x20).Store(y += yStride);
        Avx.Permute2x128(b2, b6, 0x20).Store(y += yStride);
        Avx.Permute2x128(b3, b7, 0x20).Store(y += yStride);
        Avx.Permute2x128(b0, b4, 0x31).Store(y += yStride);
        Avx.Permute2x128(b1, b5, 0x31).Store(y += yStride);
        Avx.Permute2x128(b2, b6, 0x31).Store(y += yStride);
        Avx.Permute2x128(b3, b7, 0x31).Store(y += yStride);
    }
}
