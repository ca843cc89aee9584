using FlowVocoder.Compute;
using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Tests.Compute;

/// <summary>The kernel for few time steps beside that for many: the same bits, whatever the length, so that it does not matter which one runs.</summary>
[Collection(SimdCollection.Name)]
public unsafe class ShortConvolutionTests
{
    private const double UnitRoundoff = 1.0 / (1 << 24);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(100, 40)];

    [Theory, MemberData(nameof(Seeds))]
    public void Both_kernels_give_the_same_bits_and_equal_naive_loops(int seed)
    {
        // Lengths of 1 to 15 that it is for, and some beyond.
        var test = ConvolutionCase.Draw(seed, longest: 20);
        var (expected, magnitude) = test.NaiveForward();
        int terms = test.X.Channels * test.Weight.Length + 2;
        float[]? reference = null;
        SimdCollection.AtEachWidth(bits =>
        {
            float[] many = Run(test, 1, isShort: false);
            reference ??= many;
            for (int i = 0; i < many.Length; i++)
                Assert.True(Math.Abs(many[i] - expected[i]) <= terms * UnitRoundoff * magnitude[i], $"element {i} is {many[i]}, expected {expected[i]}");
            Samples.SameBits(reference, many, $"{bits} bits, vectors over time");
            for (int threads = 1; threads <= 3; threads++)
                Samples.SameBits(reference, Run(test, threads, isShort: true), $"{bits} bits, {threads} threads, vectors over channels");
        });
    }

    [Fact]
    public void A_large_convolution_is_divided_among_threads_without_a_trace()
    {
        var random = new Random(1);
        Tensor x = Samples.Normal(random, 1, 150, 9), weight = Samples.Normal(random, 230, 150, 3), bias = Samples.Normal(random, 1, 230, 1);
        float[] one = Conv(1);
        foreach (int threads in new[] { 2, 3, 5 }) Samples.SameBits(one, Conv(threads), $"{threads} threads");
        float[] Conv(int threads) => new CpuOps(new Parallelism(threads)).Conv1d(x, weight, bias, new ConvShape(1, 2)).Span.ToArray();
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void Signs_of_zeros_are_those_of_the_other_kernel(bool hasBias, bool hasAdd)
    {
        Tensor x = new(1, 2, 5), weight = Tensor.From([-1f, -1f], 1, 2, 1), bias = Tensor.From([-0f], 1, 1, 1), add = new(1, 1, 5);
        add.Span.Fill(-0f);
        var test = new ConvolutionCase(x, weight, hasBias ? bias : null, hasAdd ? add : null, default, new Tensor(1, 1, 5));
        Samples.SameBits(Run(test, 1, isShort: false), Run(test, 1, isShort: true), "zeros");
    }

    // Each kernel by itself, whichever the operations would take for this length.
    private static float[] Run(ConvolutionCase test, int threads, bool isShort)
    {
        var (x, weight, bias, add, shape, dy) = test;
        int rows = dy.Channels, length = x.Length, dilation = Math.Max(1, shape.Dilation), span = (weight.Length - 1) * dilation;
        int stride = Convolution.Stride(length + span + Tile.Slack);
        var padded = new Tensor(x.Batch, x.Channels, stride);
        // What lies beyond the border must not matter.
        padded.Span.Fill(float.NaN);
        for (int b = 0; b < x.Batch; b++)
            for (int c = 0; c < x.Channels; c++)
            {
                padded.Row(b, c)[..(length + span)].Clear();
                x.Row(b, c).CopyTo(padded.Row(b, c)[shape.Left..]);
            }
        var y = new Tensor(x.Batch, rows, length);
        var parallelism = new Parallelism(threads);
        if (isShort)
        {
            Tensor packed = new(ShortConvolution.PackedSize(weight, rows)), sums = new(ShortConvolution.ScratchSize(x.Batch, rows, length));
            ShortConvolution.Pack(parallelism, weight, shape.FirstRow, rows, packed.Data);
            ShortConvolution.Run(parallelism, packed.Data, padded.Data, stride, x.Batch, x.Channels, weight.Length, dilation,
                bias == null ? null : bias.Data + shape.FirstRow, add == null ? null : add.Data, y.Data, rows, length, sums.Data);
            return y.Span.ToArray();
        }
        var blocks = new Tensor(Convolution.PackedSize(weight, rows));
        Convolution.Pack(parallelism, weight, shape.FirstRow, rows, blocks.Data);
        Convolution.Run(parallelism, blocks.Data, padded.Data, stride, x.Batch, x.Channels, weight.Length, dilation,
            bias == null ? null : bias.Data + shape.FirstRow, add == null ? null : add.Data, y.Data, rows, length);
        return y.Span.ToArray();
    }
}
