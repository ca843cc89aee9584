using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    private Tensor? _sums;

    /// <inheritdoc/>
    public override Tensor Conv1d(Tensor x, Tensor weight, Tensor? bias, ConvShape shape = default, Tensor? add = null, string? site = null)
    {
        int taps = weight.Length, rows = shape.Rows == 0 ? weight.Batch - shape.FirstRow : shape.Rows, dilation = Math.Max(1, shape.Dilation);
        int span = (taps - 1) * dilation;
        Require(x.Channels == weight.Channels, $"convolution of {x.Shape} with a weight of {weight.Shape}: channels differ");
        Require(shape.FirstRow >= 0 && rows > 0 && shape.FirstRow + rows <= weight.Batch,
            $"rows {shape.FirstRow} … {shape.FirstRow + rows - 1} are outside a weight of {weight.Shape}");
        Require(bias == null || bias.Size == weight.Batch, $"a bias of shape {bias?.Shape} does not fit a weight of {weight.Shape}");
        Require(shape.Left >= 0 && shape.Left <= span, $"left padding {shape.Left} is outside 0 … {span}");
        Require(add == null || (add.Batch == x.Batch && add.Channels == rows && add.Length == x.Length),
            "the addend of a convolution must have the shape of its result");
        var y = Rent(x.Batch, rows, x.Length);
        if (ShortConvolution.Suits(x.Length)) ShortConvolve(x, weight, bias, shape.FirstRow, shape.Left, dilation, add, site, y);
        else Convolve(x, weight, bias, shape.FirstRow, shape.Left, dilation, add, site, y);
        Record(y, x, weight, add is { RequiresGrad: true } ? add : bias, (Shape: shape with { Rows = rows, Dilation = dilation }, bias, add),
            static (ops, y, x, weight, _, call) => ops.ConvolutionGradient(x, weight, call.bias, call.Shape, call.add, y));
        return y;
    }

    private void Convolve(Tensor x, Tensor weight, Tensor? bias, int firstRow, int left, int dilation, Tensor? add, string? site, Tensor y)
    {
        Tensor packed = Packed(weight, firstRow, y.Channels, isShort: false);
        int stride = Pad(x, left, (weight.Length - 1) * dilation, site);
        Convolution.Run(_parallelism, packed.Data, _padded!.Data, stride, x.Batch, x.Channels, weight.Length, dilation,
            bias == null ? null : bias.Data + firstRow, add == null ? null : add.Data, y.Data, y.Channels, x.Length);
        // Another stream may take it out of the cache meanwhile.
        GC.KeepAlive(packed);
    }

    private void ShortConvolve(Tensor x, Tensor weight, Tensor? bias, int firstRow, int left, int dilation, Tensor? add, string? site, Tensor y)
    {
        Tensor packed = Packed(weight, firstRow, y.Channels, isShort: true);
        Reserve(ref _sums, ShortConvolution.ScratchSize(x.Batch, y.Channels, x.Length));
        // One tap reads its input in place.
        var (input, stride, tapStride) = weight.Length == 1 ? (x, x.Length, 0) : PadShort(x, left, weight.Length, dilation, site);
        ShortConvolution.Run(_parallelism, packed.Data, input.Data, stride, x.Batch, x.Channels, weight.Length, tapStride,
            bias == null ? null : bias.Data + firstRow, add == null ? null : add.Data, y.Data, y.Channels, x.Length, _sums!.Data);
        GC.KeepAlive(packed);
    }

    private static void Reserve(ref Tensor? scratch, int size)
    {
        if (scratch == null || scratch.Capacity < size) scratch = new Tensor(size);
    }
}
