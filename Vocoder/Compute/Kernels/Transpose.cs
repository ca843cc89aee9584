namespace FlowVocoder.Compute.Kernels;

/// <summary>Changes of layout before a product over time.</summary>
internal static unsafe class Transpose
{
    /// <summary>x [channels, length] → y [paddedLength, stride] with <paramref name="left"/> zero rows before and zeros after.</summary>
    public static void ToTimeMajor(float* x, int channels, int length, float* y, int stride, int left, int paddedLength)
    {
        new Span<float>(y, left * stride).Clear();
        new Span<float>(y + (left + length) * stride, (paddedLength - left - length) * stride).Clear();
        y += left * stride;
        // Blocks keep both sides in the first-level cache.
        for (int t0 = 0; t0 < length; t0 += 16)
        {
            int t1 = Math.Min(t0 + 16, length);
            for (int c = 0; c < channels; c++)
            {
                float* source = x + (long)c * length;
                for (int t = t0; t < t1; t++) y[t * stride + c] = source[t];
            }
        }
    }

    /// <summary>x [rows, length] → y [⌈rows/6⌉, length, 6], zero beyond the last row.</summary>
    public static void ToBlocks(float* x, int rows, int length, float* y)
    {
        for (int first = 0; first < rows; first += Tile.Rows, y += length * Tile.Rows)
            for (int r = 0; r < Tile.Rows; r++)
            {
                if (first + r >= rows)
                {
                    for (int t = 0; t < length; t++) y[t * Tile.Rows + r] = 0f;
                    continue;
                }
                float* source = x + (long)(first + r) * length;
                for (int t = 0; t < length; t++) y[t * Tile.Rows + r] = source[t];
            }
    }
}
