using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    private Tensor? _padded, _sums;

    /// <inheritdoc/>
    public override Tensor Conv1d(Tensor x, Tensor weight, Tensor? bias, ConvShape shape = default, Tensor? add = null, string? site = null)
    {
        int taps = weight.Length, rows = shape.Rows == 0 ? weight.Batch - shape.FirstRow : shape.Rows, dilation = Math.Max(1, shape.Dilation);
        int span = (taps - 1) * dilation;
        Require(x.Channels == weight.Channels, $"convolution of {x.Shape} with a weight of {weight.Shape}: channels differ");
        Require(shape.FirstRow >= 0 && rows > 0 && shape.FirstRow + rows <= weight.Batch, $"rows {shape.FirstRow} … {shape.FirstRow + rows - 1} are outside a weight of {weight.Shape}");
        Require(bias == null || bias.Size == weight.Batch, $"a bias of shape {bias?.Shape} does not fit a weight of {weight.Shape}");
        Require(shape.Left >= 0 && shape.Left <= span, $"left padding {shape.Left} is outside 0 … {span}");
        Require(add == null || (add.Batch == x.Batch && add.Channels == rows && add.Length == x.Length), "the addend of a convolution must have the shape of its result");
        var y = Rent(x.Batch, rows, x.Length);
        if (ShortConvolution.Suits(x.Length)) ShortConvolve(x, weight, bias, shape.FirstRow, shape.Left, dilation, add, site, y);
        else Convolve(x, weight, bias, shape.FirstRow, shape.Left, dilation, add, site, y);
        Record(y, x, weight, add is { RequiresGrad: true } ? add : bias, (Shape: shape with { Rows = rows, Dilation = dilation }, bias, add),
            static (ops, y, x, weight, _, call) => ops.ConvolutionGradient(x, weight, call.bias, call.Shape, call.add, y));
        return y;
    }

    private void Convolve(Tensor x, Tensor weight, Tensor? bias, int firstRow, int left, int dilation, Tensor? add, string? site, Tensor y)
    {
        int stride = Pad(x, left, (weight.Length - 1) * dilation, site);
        Convolution.Run(_parallelism, Packed(weight, firstRow, y.Channels, isShort: false).Data, _padded!.Data, stride, x.Batch, x.Channels, weight.Length, dilation,
            bias == null ? null : bias.Data + firstRow, add == null ? null : add.Data, y.Data, y.Channels, x.Length);
    }

    private void ShortConvolve(Tensor x, Tensor weight, Tensor? bias, int firstRow, int left, int dilation, Tensor? add, string? site, Tensor y)
    {
        Tensor packed = Packed(weight, firstRow, y.Channels, isShort: true);
        Reserve(ref _sums, ShortConvolution.ScratchSize(x.Batch, y.Channels, x.Length));
        // One tap reads its input in place.
        int span = (weight.Length - 1) * dilation, stride = span == 0 ? x.Length : PadShort(x, left, span, site);
        ShortConvolution.Run(_parallelism, packed.Data, span == 0 ? x.Data : _padded!.Data, stride, x.Batch, x.Channels, weight.Length, dilation,
            bias == null ? null : bias.Data + firstRow, add == null ? null : add.Data, y.Data, y.Channels, x.Length, _sums!.Data);
    }

    // Copies x to rows with its left and right borders; in a stream the left border is the end of the chunk before.
    private int Pad(Tensor x, int left, int span, string? site)
    {
        int stride = Convolution.Stride(x.Length + span + Tile.Slack);
        Tensor? past = Past(x, left, span, site);
        Reserve(ref _padded, checked(x.Batch * x.Channels * stride));
        _parallelism.ForRanges(x.Batch * x.Channels, stride, (x, Padded: _padded!, past, left, span, stride), static (from, to, in s) =>
        {
            for (int row = from; row < to; row++) PadRow(s.x.Row(0, row), s.past == null ? default : s.past.Row(0, row), s.left, new Span<float>(s.Padded.Data + (long)row * s.stride, s.stride));
        });
        return stride;
    }

    private static void PadRow(ReadOnlySpan<float> x, Span<float> past, int left, Span<float> target)
    {
        if (past.IsEmpty) target[..left].Clear();
        else past.CopyTo(target);
        x.CopyTo(target[left..]);
        target[(left + x.Length)..].Clear();
        target.Slice(x.Length, past.Length).CopyTo(past);
    }

    // The same for a few time steps, where calls to copy would take longer than what they copy.
    private int PadShort(Tensor x, int left, int span, string? site)
    {
        int length = x.Length, stride = span + length;
        Tensor? past = Past(x, left, span, site);
        Reserve(ref _padded, checked(x.Batch * x.Channels * stride));
        float* target = _padded!.Data, source = x.Data, border = past == null ? null : past.Data;
        for (int row = 0; row < x.Batch * x.Channels; row++, target += stride, source += length)
        {
            if (border == null)
            {
                for (int i = 0; i < left; i++) target[i] = 0f;
                for (int i = left + length; i < stride; i++) target[i] = 0f;
            }
            else for (int i = 0; i < span; i++) target[i] = border[i];
            for (int i = 0; i < length; i++) target[left + i] = source[i];
            if (border == null) continue;
            for (int i = 0; i < span; i++) border[i] = target[length + i];
            border += span;
        }
        return stride;
    }

    // What a stream remembers of the input of a causal convolution; null when nothing is streamed.
    private Tensor? Past(Tensor x, int left, int span, string? site)
    {
        if (_state == null || span == 0) return null;
        Require(left == span, "only causal convolutions can be streamed");
        return _state.Slot(site ?? throw new ArgumentNullException(nameof(site), "a streamed convolution needs a site"), x.Batch, x.Channels, span);
    }

    private static void Reserve(ref Tensor? scratch, int size)
    {
        if (scratch == null || scratch.Capacity < size) scratch = new Tensor(size);
    }
}
