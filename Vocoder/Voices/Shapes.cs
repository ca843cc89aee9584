namespace FlowVocoder.Voices;

internal static class Shapes
{
    /// <summary>
    /// The number of elements of a shape read from a file, or -1 when a size is negative or it, or the product without
    /// its zeros, exceeds an <see cref="int"/>: [2^40, 0] is no shape either.
    /// </summary>
    public static long Elements(ReadOnlySpan<long> shape)
    {
        long product = 1;
        bool empty = false;
        foreach (long size in shape)
        {
            if (size is < 0 or > int.MaxValue)
            {
                return -1;
            }
            empty |= size == 0;
            product *= Math.Max(size, 1);
            if (product > int.MaxValue)
            {
                return -1;
            }
        }
        return empty ? 0 : product;
    }
}
