using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    private Tensor? _timeMajor, _packedGradient, _weightGradient, _packedTransposed;

    private void ConvolutionGradient(Tensor x, Tensor weight, Tensor? bias, ConvShape shape, Tensor? add, Tensor y)
    {
        Tensor dy = y.Grad!;
        int taps = weight.Length, span = (taps - 1) * shape.Dilation;
        if (x.RequiresGrad)
        {
            bool isFirst = x.Grad == null && !x.IsParameter;
            Tensor dx = isFirst ? x.Grad = RentLike(x) : GradientOf(x);
            int stride = Pad(dy, span - shape.Left, span, null);
            Reserve(ref _packedTransposed, Convolution.PackedTransposedSize(weight, shape.Rows));
            float* packed = _packedTransposed!.Data;
            Convolution.PackTransposed(_parallelism, weight, shape.FirstRow, shape.Rows, packed);
            Convolution.Run(_parallelism, packed, _padded!.Data, stride, dy.Batch, dy.Channels, taps, shape.Dilation, null, isFirst ? null : dx.Data, dx.Data,
                x.Channels, x.Length);
        }
        if (weight.RequiresGrad) AddWeightGradient(x, weight, shape, dy);
        if (bias is { RequiresGrad: true })
        {
            _parallelism.ForRanges(shape.Rows, dy.Batch * dy.Length, (dy, db: GradientOf(bias), shape.FirstRow), static (from, to, in s) =>
            {
                for (int o = from; o < to; o++)
                {
                    double sum = 0;
                    for (int b = 0; b < s.dy.Batch; b++) sum += System.Numerics.Tensors.TensorPrimitives.Sum<float>(s.dy.Row(b, o));
                    s.db.Data[s.FirstRow + o] += (float)sum;
                }
            });
        }
        if (add is { RequiresGrad: true }) AddGradient(add, dy);
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
            Kernels.Transpose.ToTimeMajor(s.x.RowPointer(b, 0), s.x.Channels, length, s.ops._timeMajor!.Data + (long)b * s.paddedLength * s.stride, s.stride,
                s.Left, s.paddedLength);
            Kernels.Transpose.ToBlocks(s.dy.RowPointer(b, 0), s.dy.Channels, length, s.ops._packedGradient!.Data + (long)b * s.blocks * length * Tile.Rows);
        });
        Convolution.WeightGradient(_parallelism, packed, timeMajor, stride, paddedLength, x.Batch, channels, taps, shape.Dilation, shape.Rows, length, gradient,
            GradientOf(weight).RowPointer(shape.FirstRow, 0));
    }
}
