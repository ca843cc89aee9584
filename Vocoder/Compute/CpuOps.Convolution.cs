using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

public sealed unsafe partial class CpuOps
{
    private Tensor? _padded, _timeMajor, _packedGradient, _weightGradient, _packedTransposed;

    private static readonly List<PackedWeight> s_nothingPacked = [];

    private sealed record PackedWeight(int Version, int FirstRow, int Rows, float[] Forward);

    /// <inheritdoc/>
    public override Tensor Conv1d(Tensor x, Tensor weight, Tensor? bias, ConvShape shape = default, Tensor? add = null, object? site = null)
    {
        int taps = weight.Length, rows = shape.Rows == 0 ? weight.Batch - shape.FirstRow : shape.Rows, dilation = Math.Max(1, shape.Dilation);
        int span = (taps - 1) * dilation;
        Require(x.Channels == weight.Channels, $"convolution of {x.Shape} with a weight of {weight.Shape}: channels differ");
        Require(shape.FirstRow >= 0 && rows > 0 && shape.FirstRow + rows <= weight.Batch, $"rows {shape.FirstRow} … {shape.FirstRow + rows - 1} are outside a weight of {weight.Shape}");
        Require(bias == null || bias.Size == weight.Batch, $"a bias of shape {bias?.Shape} does not fit a weight of {weight.Shape}");
        Require(shape.Left >= 0 && shape.Left <= span, $"left padding {shape.Left} is outside 0 … {span}");
        Require(add == null || (add.Batch == x.Batch && add.Channels == rows && add.Length == x.Length), "the addend of a convolution must have the shape of its result");
        var y = Rent(x.Batch, rows, x.Length);
        for (int b = 0; b < y.Batch; b++)
            for (int o = 0; o < rows; o++)
            {
                Span<float> row = y.Row(b, o);
                float offset = bias == null ? 0f : bias.Data[shape.FirstRow + o];
                if (add == null) row.Fill(offset);
                else System.Numerics.Tensors.TensorPrimitives.Add(add.Row(b, o), offset, row);
            }
        int stride = Pad(x, shape.Left, span, site);
        fixed (float* packed = Packed(weight, shape.FirstRow, rows))
            Convolution.Run(_parallelism, packed, _padded!.Data, stride, x.Batch, x.Channels, taps, dilation, y.Data, rows, x.Length);
        Record(y, x, weight, add is { RequiresGrad: true } ? add : bias, (Shape: shape with { Rows = rows, Dilation = dilation }, bias, add),
            static (ops, y, x, weight, _, call) => ops.ConvolutionGradient(x, weight, call.bias, call.Shape, call.add, y));
        return y;
    }

    // Copies x to rows with its left and right borders; in a stream the left border is the end of the chunk before.
    private int Pad(Tensor x, int left, int span, object? site)
    {
        int stride = Convolution.Stride(x.Length + span + Tile.Slack);
        Tensor? past = null;
        if (_state != null && span > 0)
        {
            Require(left == span, "only causal convolutions can be streamed");
            past = _state.Slot(site ?? throw new ArgumentNullException(nameof(site), "a streamed convolution needs a site"), x.Batch, x.Channels, span);
        }
        Reserve(ref _padded, checked(x.Batch * x.Channels * stride));
        float* padded = _padded!.Data;
        for (int row = 0; row < x.Batch * x.Channels; row++)
        {
            var target = new Span<float>(padded + (long)row * stride, stride);
            if (past == null) target[..left].Clear();
            else new ReadOnlySpan<float>(past.Data + row * span, span).CopyTo(target);
            new ReadOnlySpan<float>(x.Data + (long)row * x.Length, x.Length).CopyTo(target[left..]);
            target[(left + x.Length)..].Clear();
            if (past != null) target.Slice(x.Length, span).CopyTo(new Span<float>(past.Data + row * span, span));
        }
        return stride;
    }

    private float[] Packed(Tensor weight, int firstRow, int rows)
    {
        // A weight used in slices (one layer for all conditions, say) keeps a packing of each slice.
        var cache = weight.Packed as List<PackedWeight> ?? s_nothingPacked;
        foreach (PackedWeight entry in cache)
            if (entry.Version == weight.Version && entry.FirstRow == firstRow && entry.Rows == rows) return entry.Forward;
        return Pack(weight, firstRow, rows, cache);
    }

    private float[] Pack(Tensor weight, int firstRow, int rows, List<PackedWeight> cache)
    {
        // Training repacks at every step and writes over a packing of the step before; elsewhere another stream may still read it.
        int size = Convolution.PackedSize(weight, rows);
        PackedWeight? stale = _tape == null ? null : cache.Find(entry => entry.Version != weight.Version && entry.Forward.Length == size);
        float[] packed = stale?.Forward ?? GC.AllocateUninitializedArray<float>(size, pinned: true);
        Convolution.Pack(weight, firstRow, rows, packed);
        weight.Packed = new List<PackedWeight>(cache.Where(entry => entry != stale && (stale != null || entry.Version == weight.Version)))
        {
            new(weight.Version, firstRow, rows, packed),
        };
        return packed;
    }

    private void ConvolutionGradient(Tensor x, Tensor weight, Tensor? bias, ConvShape shape, Tensor? add, Tensor y)
    {
        Tensor dy = y.Grad!;
        int taps = weight.Length, span = (taps - 1) * shape.Dilation;
        if (x.RequiresGrad)
        {
            Tensor dx = GradientOf(x);
            int stride = Pad(dy, span - shape.Left, span, null);
            Reserve(ref _packedTransposed, Convolution.PackedTransposedSize(weight, shape.Rows));
            float* packed = _packedTransposed!.Data;
            Convolution.PackTransposed(weight, shape.FirstRow, shape.Rows, packed);
            Convolution.Run(_parallelism, packed, _padded!.Data, stride, dy.Batch, dy.Channels, taps, shape.Dilation, dx.Data, x.Channels, x.Length);
        }
        if (weight.RequiresGrad) AddWeightGradient(x, weight, shape, dy);
        if (bias is { RequiresGrad: true })
        {
            Tensor db = GradientOf(bias);
            for (int o = 0; o < shape.Rows; o++)
            {
                double sum = 0;
                for (int b = 0; b < dy.Batch; b++) sum += System.Numerics.Tensors.TensorPrimitives.Sum<float>(dy.Row(b, o));
                db.Data[shape.FirstRow + o] += (float)sum;
            }
        }
        if (add is { RequiresGrad: true }) AddTo(GradientOf(add), dy);
    }

    private void AddWeightGradient(Tensor x, Tensor weight, ConvShape shape, Tensor dy)
    {
        int taps = weight.Length, span = (taps - 1) * shape.Dilation, channels = x.Channels, length = x.Length;
        int paddedLength = length + span, stride = Convolution.Stride(channels), blocks = (shape.Rows + Tile.Rows - 1) / Tile.Rows;
        Reserve(ref _timeMajor, checked(x.Batch * paddedLength * stride + Tile.Slack));
        Reserve(ref _packedGradient, checked(x.Batch * blocks * length * Tile.Rows));
        Reserve(ref _weightGradient, taps * blocks * Tile.Rows * stride + Tile.Slack);
        float* timeMajor = _timeMajor!.Data, packed = _packedGradient!.Data, gradient = _weightGradient!.Data;
        _parallelism.For(x.Batch, (x, dy, ops: this, shape.Left, paddedLength, stride, blocks), static (b, in s) =>
        {
            int length = s.x.Length;
            Transpose.ToTimeMajor(s.x.RowPointer(b, 0), s.x.Channels, length, s.ops._timeMajor!.Data + (long)b * s.paddedLength * s.stride, s.stride, s.Left, s.paddedLength);
            Transpose.ToBlocks(s.dy.RowPointer(b, 0), s.dy.Channels, length, s.ops._packedGradient!.Data + (long)b * s.blocks * length * Tile.Rows);
        });
        new Span<float>(gradient, taps * blocks * Tile.Rows * stride).Clear();
        Convolution.WeightGradient(_parallelism, packed, timeMajor, stride, paddedLength, x.Batch, channels, taps, shape.Dilation, shape.Rows, length, gradient);
        Tensor dw = GradientOf(weight);
        for (int o = 0; o < shape.Rows; o++)
        {
            float* target = dw.Data + (long)(shape.FirstRow + o) * channels * taps;
            for (int k = 0; k < taps; k++)
            {
                float* source = gradient + ((long)k * blocks * Tile.Rows + o) * stride;
                for (int c = 0; c < channels; c++) target[c * taps + k] += source[c];
            }
        }
    }

    private static void Reserve(ref Tensor? scratch, int size)
    {
        if (scratch == null || scratch.Capacity < size) scratch = new Tensor(size);
    }
}
