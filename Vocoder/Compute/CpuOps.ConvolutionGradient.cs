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
}
