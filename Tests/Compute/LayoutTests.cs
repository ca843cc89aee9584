using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

public class LayoutTests
{
    private static Tensor Counting(int batch, int channels, int length) =>
        Tensor.From([.. Enumerable.Range(0, batch * channels * length).Select(i => (float)i)], batch, channels, length);

    private static void Same(Tensor actual, int batch, int channels, int length, Func<int, int, int, float> expected)
    {
        Assert.Equal($"[{batch}, {channels}, {length}]", actual.Shape);
        for (int b = 0; b < batch; b++)
            for (int c = 0; c < channels; c++)
                for (int t = 0; t < length; t++) Assert.Equal(expected(b, c, t), actual.Row(b, c)[t]);
    }

    [Fact]
    public void Slice_takes_channels()
    {
        Tensor x = Counting(3, 5, 7);
        Same(new CpuOps().Slice(x, 1, 3), 3, 3, 7, (b, c, t) => x.Row(b, c + 1)[t]);
    }

    [Fact]
    public void Concat_stacks_channels()
    {
        Tensor x = Counting(3, 2, 7), y = Counting(3, 4, 7);
        Same(new CpuOps().Concat(x, y), 3, 6, 7, (b, c, t) => c < 2 ? x.Row(b, c)[t] : y.Row(b, c - 2)[t]);
    }

    [Fact]
    public void Crop_takes_steps()
    {
        Tensor x = Counting(2, 3, 9);
        Same(new CpuOps().Crop(x, 4, 5), 2, 3, 5, (b, c, t) => x.Row(b, c)[t + 4]);
    }

    [Fact]
    public void Take_gives_items_by_number_and_zeros_for_none()
    {
        Tensor x = Counting(3, 2, 4);
        int[] items = [2, -1, 0, 2];
        float At(int item, int c, int t) => item < 0 ? 0 : x.Row(item, c)[t];
        Same(new CpuOps().Take(x, items), 4, 2, 4, (b, c, t) => At(items[b], c, t));
        Same(new CpuOps().Take(x, items, 2), 2, 4, 4, (b, c, t) => At(items[2 * b + c / 2], c % 2, t));
    }

    [Fact]
    public void ChannelScale_multiplies_each_channel_by_its_factor()
    {
        Tensor x = Counting(2, 3, 4), factor = Tensor.From([2f, -1f, 0.5f], 1, 3, 1);
        Same(new CpuOps().ChannelScale(x, factor), 2, 3, 4, (b, c, t) => x.Row(b, c)[t] * factor.Span[c]);
    }

    [Fact]
    public void Fold_makes_channels_of_samples_and_unfold_undoes_it()
    {
        Tensor x = Counting(2, 3, 20);
        var ops = new CpuOps();
        Tensor folded = ops.Fold(x, 4);
        Same(folded, 2, 12, 5, (b, c, t) => x.Row(b, c / 4)[t * 4 + c % 4]);
        Same(ops.Unfold(folded, 4), 2, 3, 20, (b, c, t) => x.Row(b, c)[t]);
    }

    [Fact]
    public void Ranges_outside_the_tensor_are_refused()
    {
        var ops = new CpuOps();
        Tensor x = Counting(2, 3, 10);
        Action[] actions =
        [
            () => ops.Slice(x, 1, 3), () => ops.Slice(x, -1, 2), () => ops.Slice(x, 0, 0), () => ops.Crop(x, 8, 3), () => ops.Crop(x, -1, 3),
            () => ops.Fold(x, 3), () => ops.Unfold(x, 2), () => ops.Concat(x, Counting(1, 3, 10)), () => ops.Concat(x, Counting(2, 3, 9)),
            () => ops.Take(x, [0, 2]), () => ops.Take(x, [-2]), () => ops.Take(x, []), () => ops.Take(x, [0, 1, 0], 2), () => ops.Take(x, [0], 0),
        ];
        foreach (Action action in actions) Assert.Throws<ArgumentException>(action);
    }

    [Theory]
    [InlineData(1, 1, 4, 2)]
    [InlineData(3, 2, 7, 3)]
    [InlineData(5, 4, 3, 5)]
    [InlineData(2, 3, 1024, 256)]
    public void A_transposed_convolution_is_an_ordinary_one_unfolded(int inputs, int outputs, int taps, int stride)
    {
        const int Length = 6;
        var random = new Random(taps);
        Tensor x = Samples.Normal(random, 2, inputs, Length), weight = Samples.Normal(random, inputs, outputs, taps);
        var expected = new double[2 * outputs * Length * stride];
        for (int b = 0; b < 2; b++)
            for (int i = 0; i < inputs; i++)
                for (int o = 0; o < outputs; o++)
                    for (int t = 0; t < Length; t++)
                        for (int j = 0; j < taps && t * stride + j < Length * stride; j++)
                            expected[(b * outputs + o) * Length * stride + t * stride + j] += (double)x.Row(b, i)[t] * weight.Row(i, o)[j];
        var ops = new CpuOps();
        Tensor ordinary = ops.TransposedWeight(weight, stride);
        Tensor y = ops.Unfold(ops.Conv1d(x, ordinary, null, new ConvShape(1, ordinary.Length - 1)), stride);
        Samples.Close(expected, y.Span, 1e-5, "transposed convolution");
    }
}
