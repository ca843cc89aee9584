using System.Numerics.Tensors;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    /// <inheritdoc/>
    public override Tensor Slice(Tensor x, int first, int count)
    {
        Require(first >= 0 && count > 0 && first + count <= x.Channels, $"channels {first} … {first + count - 1} are outside {x.Shape}");
        var y = Rent(x.Batch, count, x.Length);
        for (int b = 0; b < x.Batch; b++) Rows(x, b, first, count).CopyTo(Rows(y, b, 0, count));
        Record(y, x, null, null, first, static (ops, y, x, _, _, first) => AddRows(ops.GradientOf(x), first, y.Grad!, 0, y.Channels));
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Concat(Tensor a, Tensor b)
    {
        Require(a.Batch == b.Batch && a.Length == b.Length, $"shapes {a.Shape} and {b.Shape} cannot be stacked");
        var y = Rent(a.Batch, a.Channels + b.Channels, a.Length);
        for (int i = 0; i < a.Batch; i++)
        {
            Rows(a, i, 0, a.Channels).CopyTo(Rows(y, i, 0, a.Channels));
            Rows(b, i, 0, b.Channels).CopyTo(Rows(y, i, a.Channels, b.Channels));
        }
        Record(y, a, b, null, static (ops, y, a, b, _) =>
        {
            if (a.RequiresGrad) AddRows(ops.GradientOf(a), 0, y.Grad!, 0, a.Channels);
            if (b.RequiresGrad) AddRows(ops.GradientOf(b), 0, y.Grad!, a.Channels, b.Channels);
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Take(Tensor x, int[] items, int join = 1)
    {
        Require(join >= 1 && items.Length > 0 && items.Length % join == 0, $"{items.Length} items cannot be joined {join} by {join}");
        foreach (int item in items) Require(item >= -1 && item < x.Batch, $"item {item} is outside {x.Shape}");
        var y = Rent(items.Length / join, join * x.Channels, x.Length);
        // One after the other in y too, joined or not.
        int size = x.Channels * x.Length;
        _parallelism.ForRanges(items.Length, size, (x, y, items, size), static (from, to, in s) =>
        {
            for (int i = from; i < to; i++)
            {
                Span<float> target = s.y.Span.Slice(i * s.size, s.size);
                if (s.items[i] < 0) target.Clear();
                else s.x.Span.Slice(s.items[i] * s.size, s.size).CopyTo(target);
            }
        });
        Record(y, x, null, null, items, static (ops, y, x, _, _, items) =>
        {
            Span<float> dx = ops.GradientOf(x).Span, dy = y.Grad!.Span;
            int size = x.Channels * x.Length;
            for (int i = 0; i < items.Length; i++)
            {
                if (items[i] < 0) continue;
                Span<float> target = dx.Slice(items[i] * size, size);
                TensorPrimitives.Add(target, dy.Slice(i * size, size), target);
            }
        });
        return y;
    }

    private static Span<float> Rows(Tensor x, int batch, int first, int count) => new(x.RowPointer(batch, first), count * x.Length);

    private static void AddRows(Tensor target, int targetFirst, Tensor source, int sourceFirst, int count)
    {
        for (int b = 0; b < target.Batch; b++)
        {
            Span<float> rows = Rows(target, b, targetFirst, count);
            TensorPrimitives.Add(rows, Rows(source, b, sourceFirst, count), rows);
        }
    }

    /// <inheritdoc/>
    public override Tensor Crop(Tensor x, int first, int count)
    {
        Require(first >= 0 && count > 0 && first + count <= x.Length, $"steps {first} … {first + count - 1} are outside {x.Shape}");
        var y = Rent(x.Batch, x.Channels, count);
        for (int row = 0; row < x.Batch * x.Channels; row++) x.Row(0, row).Slice(first, count).CopyTo(y.Row(0, row));
        Record(y, x, null, null, first, static (ops, y, x, _, _, first) =>
        {
            Tensor dx = ops.GradientOf(x);
            for (int row = 0; row < x.Batch * x.Channels; row++)
            {
                Span<float> target = dx.Row(0, row).Slice(first, y.Length);
                TensorPrimitives.Add(target, y.Grad!.Row(0, row), target);
            }
        });
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Reshape(Tensor x, int batch, int channels, int length)
    {
        Require((long)batch * channels * length == x.Size, $"{x.Shape} cannot become [{batch}, {channels}, {length}]");
        var y = Rent(batch, channels, length);
        x.Span.CopyTo(y.Span);
        Record(y, x, null, null, static (ops, y, x, _, _) => ops.AddTo(ops.GradientOf(x), y.Grad!));
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Transpose(Tensor x)
    {
        var y = Rent(x.Batch, x.Length, x.Channels);
        Exchange(x, y);
        Record(y, x, null, null, static (ops, y, x, _, _) =>
        {
            Tensor d = ops.RentLike(x);
            ops.Exchange(y.Grad!, d);
            ops.AddGradient(x, d);
            ops._workspace.Return(d);
        });
        return y;
    }

    private void Exchange(Tensor x, Tensor y) => _parallelism.ForRanges(x.Batch, x.Channels * x.Length, (x, y), static (from, to, in s) =>
    {
        for (int b = from; b < to; b++) Kernels.Transpose.Rows(s.x.RowPointer(b, 0), s.x.Length, s.x.Channels, s.x.Length, s.y.RowPointer(b, 0), s.x.Channels);
    });

    /// <inheritdoc/>
    public override Tensor Fold(Tensor x, int group)
    {
        Require(x.Length % group == 0, $"length {x.Length} is not a multiple of the group {group}");
        var y = Rent(x.Batch, x.Channels * group, x.Length / group);
        Interleave(x, y, group, fold: true, add: false);
        Record(y, x, null, null, group, static (ops, y, x, _, _, group) => ops.Interleave(ops.GradientOf(x), y.Grad!, group, fold: false, add: true));
        return y;
    }

    /// <inheritdoc/>
    public override Tensor Unfold(Tensor x, int group)
    {
        Require(x.Channels % group == 0, $"{x.Channels} channels are not a multiple of the group {group}");
        var y = Rent(x.Batch, x.Channels / group, x.Length * group);
        Interleave(y, x, group, fold: false, add: false);
        Record(y, x, null, null, group, static (ops, y, x, _, _, group) => ops.Interleave(y.Grad!, ops.GradientOf(x), group, fold: true, add: true));
        return y;
    }

    // Copies or adds between wide [b, c, t·group] and folded [b, c·group, t].
    private void Interleave(Tensor wide, Tensor folded, int group, bool fold, bool add) =>
        _parallelism.ForRanges(wide.Batch * wide.Channels, wide.Length, (wide, folded, group, fold, add), static (from, to, in s) =>
        {
            int group = s.group, length = s.folded.Length;
            for (int row = from; row < to; row++)
            {
                // Samples of a group beside each other, or one row for each place in it.
                float* wide = s.wide.RowPointer(0, row), folded = s.folded.RowPointer(0, row * group);
                if (!s.add && s.fold) Kernels.Transpose.Rows(wide, group, length, group, folded, length);
                else if (!s.add) Kernels.Transpose.Rows(folded, length, group, length, wide, group);
                else if (s.fold) AddTransposed(wide, group, length, group, folded, length);
                else AddTransposed(folded, length, group, length, wide, group);
            }
        });

    private static void AddTransposed(float* x, int xStride, int rows, int length, float* y, int yStride)
    {
        for (int r = 0; r < rows; r++)
            for (int t = 0; t < length; t++) y[(long)t * yStride + r] += x[(long)r * xStride + t];
    }

    /// <inheritdoc/>
    public override Tensor TransposedWeight(Tensor weight, int stride)
    {
        int taps = (weight.Length + stride - 1) / stride;
        var y = Rent(weight.Channels * stride, weight.Batch, taps);
        y.Span.Clear();
        Permute(weight, y, stride, (w, v) => *v = *w);
        Record(y, weight, null, null, stride, static (ops, y, weight, _, _, stride) => Permute(ops.GradientOf(weight), y.Grad!, stride, (w, v) => *w += *v));
        return y;
    }

    private delegate void Pair(float* transposed, float* ordinary);

    // Sample q·stride + p of a transposed convolution is Σ_m w[i, o, p + m·stride]·x[i, q - m].
    private static void Permute(Tensor weight, Tensor ordinary, int stride, Pair action)
    {
        int taps = ordinary.Length;
        for (int i = 0; i < weight.Batch; i++)
            for (int o = 0; o < weight.Channels; o++)
                for (int j = 0; j < weight.Length; j++)
                    action(weight.RowPointer(i, o) + j, ordinary.RowPointer(o * stride + j % stride, i) + taps - 1 - j / stride);
    }
}
