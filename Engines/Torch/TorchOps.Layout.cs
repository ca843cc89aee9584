using FlowVocoder.Compute;

namespace FlowVocoder.Torch;

internal sealed partial class TorchOps
{
    /// <inheritdoc/>
    public override Tensor Slice(Tensor x, int first, int count)
    {
        Require(first >= 0 && count > 0 && first + count <= x.Channels, $"channels {first} … {first + count - 1} are outside {x.Shape}");
        return Result(() => ValueOf(x).narrow(1, first, count));
    }

    /// <inheritdoc/>
    public override Tensor Concat(Tensor a, Tensor b) => Result(() => torch.cat([ValueOf(a), ValueOf(b)], 1));

    /// <inheritdoc/>
    public override Tensor Take(Tensor x, int[] items, int join = 1)
    {
        Require(join >= 1 && items.Length > 0 && items.Length % join == 0, $"{items.Length} items cannot be joined {join} by {join}");
        foreach (int item in items) Require(item >= -1 && item < x.Batch, $"item {item} is outside {x.Shape}");
        return Result(() =>
        {
            // -1 takes the zeros behind the last.
            TorchTensor value = ValueOf(x), source = items.Contains(-1)
                ? torch.cat([value, torch.zeros([1, x.Channels, x.Length], device: engine.On)], 0) : value;
            TorchTensor places = torch.tensor([.. items.Select(item => item < 0 ? x.Batch : (long)item)], device: engine.On);
            return source.index_select(0, places).reshape(items.Length / join, join * x.Channels, x.Length);
        });
    }

    /// <inheritdoc/>
    public override Tensor Crop(Tensor x, int first, int count)
    {
        Require(first >= 0 && count > 0 && first + count <= x.Length, $"steps {first} … {first + count - 1} are outside {x.Shape}");
        return Result(() => ValueOf(x).narrow(2, first, count));
    }

    /// <inheritdoc/>
    public override Tensor Fold(Tensor x, int group)
    {
        Require(x.Length % group == 0, $"length {x.Length} is not a multiple of the group {group}");
        return Result(() => ValueOf(x).reshape(x.Batch, x.Channels, -1, group).transpose(2, 3).reshape(x.Batch, x.Channels * group, -1));
    }

    /// <inheritdoc/>
    public override Tensor Unfold(Tensor x, int group)
    {
        Require(x.Channels % group == 0, $"{x.Channels} channels are not a multiple of the group {group}");
        return Result(() => ValueOf(x).reshape(x.Batch, x.Channels / group, group, -1).transpose(2, 3).reshape(x.Batch, x.Channels / group, -1));
    }

    /// <inheritdoc/>
    public override Tensor Reshape(Tensor x, int batch, int channels, int length)
    {
        Require((long)batch * channels * length == x.Size, $"{x.Shape} cannot become [{batch}, {channels}, {length}]");
        return Result(() => ValueOf(x).reshape(batch, channels, length));
    }

    /// <inheritdoc/>
    public override Tensor Transpose(Tensor x) => Result(() => ValueOf(x).transpose(1, 2));

    /// <inheritdoc/>
    public override Tensor TransposedWeight(Tensor weight, int stride)
    {
        int taps = (weight.Length + stride - 1) / stride;
        // [in, out, tap·stride + phase], the taps turned round.
        return Result(() => torch.nn.functional.pad(ValueOf(weight), [0, taps * stride - weight.Length]).reshape(weight.Batch, weight.Channels, taps,
            stride).flip(2)
            .permute(1, 3, 0, 2).reshape(weight.Channels * stride, weight.Batch, taps));
    }
}
