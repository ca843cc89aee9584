using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    private static readonly List<PackedWeight> s_nothingPacked = [];

    private sealed record PackedWeight(int Version, int FirstRow, int Rows, bool IsShort, Tensor Values);

    private Tensor Packed(Tensor weight, int firstRow, int rows, bool isShort)
    {
        // A weight used in slices (one layer for all conditions, say) keeps a packing of each slice, for each of the two kernels that met it.
        var cache = weight.Packed as List<PackedWeight> ?? s_nothingPacked;
        foreach (PackedWeight entry in cache)
            if (entry.Version == weight.Version && entry.FirstRow == firstRow && entry.Rows == rows && entry.IsShort == isShort) return entry.Values;
        return Pack(weight, firstRow, rows, isShort, cache);
    }

    private Tensor Pack(Tensor weight, int firstRow, int rows, bool isShort, List<PackedWeight> cache)
    {
        // Training repacks at every step and writes over a packing of the step before; elsewhere another stream may still read it.
        int size = isShort ? ShortConvolution.PackedSize(weight, rows) : Convolution.PackedSize(weight, rows);
        PackedWeight? stale = _tape == null ? null : cache.Find(entry => entry.Version != weight.Version && entry.Values.Capacity == size);
        Tensor packed = stale?.Values ?? new Tensor(size);
        if (isShort) ShortConvolution.Pack(_parallelism, weight, firstRow, rows, packed.Data);
        else Convolution.Pack(_parallelism, weight, firstRow, rows, packed.Data);
        weight.Packed = new List<PackedWeight>(cache.Where(entry => entry != stale && (stale != null || entry.Version == weight.Version)))
        {
            new(weight.Version, firstRow, rows, isShort, packed),
        };
        return packed;
    }
}
