using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

public class StreamStateTests
{
    private const string Site = "layer";

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 4)]
    [InlineData(5, 16)]
    [InlineData(2, 100)]
    [InlineData(3, 60)]
    public void Any_chunking_of_a_causal_convolution_equals_the_whole_bit_for_bit(int taps, int dilation)
    {
        const int Length = 230;
        var random = new Random(taps);
        Tensor x = Samples.Normal(random, 2, 5, Length), weight = Samples.Normal(random, 7, 5, taps), bias = Samples.Normal(random, 1, 7, 1);
        var shape = new ConvShape(dilation, (taps - 1) * dilation);
        Tensor whole = new CpuOps().Conv1d(x, weight, bias, shape);
        var state = new StreamState();
        // The second stream starts after a clear and must not remember the first.
        for (int stream = 0; stream < 2; stream++)
        {
            for (int t = 0; t < Length;)
            {
                var ops = new CpuOps(new Parallelism(random.Next(1, 4)), state: state);
                int count = Math.Min(random.Next(1, 20), Length - t);
                Tensor y = ops.Conv1d(ops.Crop(x, t, count), weight, bias, shape, site: Site);
                for (int row = 0; row < 14; row++) Samples.SameBits(whole.Row(0, row).Slice(t, count), y.Row(0, row), $"steps {t}+{count}");
                t += count;
            }
            Assert.Equal(taps == 1 ? 0 : 2 * 5 * (taps - 1) * dilation * sizeof(float), state.Bytes);
            state.Clear();
        }
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 4)]
    [InlineData(2, 50)]
    public void What_is_remembered_does_not_depend_on_the_chunks(int taps, int dilation)
    {
        const int Length = 90;
        var random = new Random(taps);
        Tensor x = Samples.Normal(random, 1, 3, Length), weight = Samples.Normal(random, 2, 3, taps);
        int span = (taps - 1) * dilation;
        foreach (int longest in new[] { 1, 5, 40, Length })
        {
            var state = new StreamState();
            var ops = new CpuOps(state: state);
            for (int t = 0, count; t < Length; t += count)
            {
                count = Math.Min(random.Next(1, longest + 1), Length - t);
                ops.Conv1d(ops.Crop(x, t, count), weight, null, new ConvShape(dilation, span), site: Site);
            }
            var (name, values) = Assert.Single(state.Slots);
            Assert.Equal(Site, name);
            for (int c = 0; c < 3; c++) Samples.SameBits(x.Row(0, c)[^span..], values.Row(0, c), $"chunks of up to {longest}");
        }
    }

    [Fact]
    public void Only_causal_convolutions_with_a_site_and_one_batch_size_can_be_streamed()
    {
        var ops = new CpuOps(state: new StreamState());
        Tensor x = new(1, 2, 8), weight = new(3, 2, 3);
        Assert.Contains("causal", Assert.Throws<ArgumentException>(() => ops.Conv1d(x, weight, null, new ConvShape(1, 1), site: Site)).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentNullException>(() => ops.Conv1d(x, weight, null, new ConvShape(1, 2)));
        ops.Conv1d(x, weight, null, new ConvShape(1, 2), site: Site);
        Assert.Contains("[2, 2, 2]", Assert.Throws<ArgumentException>(
            () => ops.Conv1d(new Tensor(2, 2, 8), weight, null, new ConvShape(1, 2), site: Site)).Message, StringComparison.Ordinal);
    }
}
