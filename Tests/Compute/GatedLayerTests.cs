using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

/// <summary>A gated layer in one pass: the bits of the single operations, which are the numbers of naive loops.</summary>
[Collection(SimdCollection.Name)]
public class GatedLayerTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 24)];

    [Theory, MemberData(nameof(Seeds))]
    public void One_pass_gives_the_bits_of_the_single_operations_at_every_width_and_thread_count(int seed)
    {
        var test = GatedLayerCase.Draw(seed);
        float[]? hidden = null, skip = null;
        SimdCollection.AtEachWidth(bits =>
        {
            // Where a tape is written there are single operations.
            var single = test.Run(new CpuOps(tape: new Tape()));
            hidden ??= single.Hidden;
            skip ??= single.Skip;
            for (int threads = 1; threads <= 4; threads++)
            {
                var onePass = test.Run(new CpuOps(new Parallelism(threads)));
                Assert.Equal(test.Layer.Residual != null, onePass.Hidden != null);
                Samples.SameBits(hidden, onePass.Hidden, $"hidden, {bits} bits, {threads} threads");
                Samples.SameBits(skip, onePass.Skip, $"skip, {bits} bits, {threads} threads");
            }
        });
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Equals_naive_loops(int seed)
    {
        var test = GatedLayerCase.Draw(seed);
        var (hidden, skip) = test.Naive();
        var actual = test.Run(new CpuOps());
        // Gated values are below 1 and weights about 1/√n, so that results are about 1.
        Samples.Close(skip, actual.Skip, 2e-5, "skip");
        if (hidden != null) Samples.Close(hidden, actual.Hidden, 2e-5, "hidden");
    }

    [Fact]
    public void Every_kind_of_layer_is_drawn()
    {
        GatedLayerCase[] cases = [.. Enumerable.Range(0, 24).Select(GatedLayerCase.Draw)];
        Assert.Contains(cases, c => c.Layer.Condition == null);
        Assert.Contains(cases, c => c.Layer.Condition is { Weight.Length: > 1 });
        Assert.Contains(cases, c => c.Layer.Residual == null && c.SkipBefore != null);
        Assert.Contains(cases, c => c.Layer.Residual != null && c.SkipBefore == null);
        Assert.Contains(cases, c => c.X.Length > 130 && c.Layer.Filter.Weight.Batch > 128);
        Assert.Contains(cases, c => c.X.Length < 16);
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        var test = GatedLayerCase.Draw(0);
        GatedLayer layer = test.Layer;
        var ops = new CpuOps();
        var narrow = new ConvWeights(new Tensor(layer.Skip.Weight.Batch, layer.Skip.Weight.Channels + 1, 1), null);
        Assert.Throws<ArgumentException>(() => ops.GatedLayer(new Tensor(1, test.X.Channels + 1, 40), test.Condition, null, layer));
        Assert.Throws<ArgumentException>(() => ops.GatedLayer(test.X, test.Condition, null, layer with { Skip = narrow }));
        Assert.Throws<ArgumentException>(() => ops.GatedLayer(test.X, test.Condition, null, layer with { Residual = narrow }));
        Assert.Throws<ArgumentException>(() => ops.GatedLayer(test.X, test.Condition, new Tensor(1, 1, 1), layer));
    }
}
