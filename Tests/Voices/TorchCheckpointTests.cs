using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

public class TorchCheckpointTests
{
    [Theory]
    [InlineData("module_zip.pt")]
    [InlineData("module_legacy.pt")]
    public void A_pickled_module_gives_the_tensors_of_its_state_dict(string file) =>
        WaveGlowFixture.AssertSameBits(WaveGlowFixture.Reference(), TorchCheckpoint.Read(WaveGlowFixture.Path(file)).Tensors);

    [Fact]
    public void A_state_dict_with_prefixes_and_unfused_layers_gives_the_same_after_normalizing()
    {
        var tensors = TorchCheckpoint.Read(WaveGlowFixture.Path("state_dict_unfused.pt")).Tensors;
        Assert.Contains("WN.0.cond_layers.2.weight_v", tensors.Keys);
        Assert.DoesNotContain(tensors.Keys, name => name.StartsWith("module.", StringComparison.Ordinal));
        WaveGlowFixture.AssertSameBits(WaveGlowFixture.Reference(), WaveGlowKeys.Normalize(tensors, "x"));
    }

    [Fact]
    public void Names_keep_the_order_of_the_module() =>
        Assert.Equal(["upsample.weight", "upsample.bias", "WN.0.in_layers.0.bias", "WN.0.in_layers.0.weight_g"],
            TorchCheckpoint.Read(WaveGlowFixture.Path("module_zip.pt")).Tensors.Keys.Take(4));

    [Theory]
    [InlineData("module_zip.pt")]
    [InlineData("module_legacy.pt")]
    [InlineData("state_dict_unfused.pt")]
    public void Names_alone_are_those_of_the_tensors(string file)
    {
        using FileStream stream = File.OpenRead(WaveGlowFixture.Path(file));
        Assert.Equal(TorchCheckpoint.Read(WaveGlowFixture.Path(file)).Tensors.Keys, TorchCheckpoint.Names(stream, file));
    }

    [Fact]
    public void Strided_views_are_made_contiguous()
    {
        // torch.arange(6.).view(2, 3): itself, its transpose, its middle column, one element.
        var pickle = new PickleBuilder()
            .Tensor("all", "FloatStorage", 6, 0, [2, 3], [3, 1])
            .Tensor("transposed", "FloatStorage", 6, 0, [3, 2], [1, 3])
            .Tensor("column", "FloatStorage", 6, 1, [2], [3])
            .Tensor("scalar", "FloatStorage", 6, 5, [], [])
            .Tensor("one", "FloatStorage", 6, 4, [1, 1], [77, 5])
            .Tensor("empty", "FloatStorage", 6, 0, [0, 3], [3, 1]);
        var tensors = pickle.Read(Floats(0, 1, 2, 3, 4, 5)).Tensors;
        Assert.Equal([0f, 1, 2, 3, 4, 5], tensors["all"].Data);
        Assert.Equal([0f, 3, 1, 4, 2, 5], tensors["transposed"].Data);
        Assert.Equal([3, 2], tensors["transposed"].Shape);
        Assert.Equal([1f, 4], tensors["column"].Data);
        Assert.Equal([5f], tensors["scalar"].Data);
        Assert.Equal([4f], tensors["one"].Data);
        Assert.Equal([0, 3], tensors["empty"].Shape);
    }

    [Fact]
    public void Other_element_types_are_converted_or_kept_as_bytes()
    {
        Assert.Equal([1.5f, -2], One("HalfStorage", [0x00, 0x3E, 0x00, 0xC0], 2).Data);
        Assert.Equal([1f, -2], One("BFloat16Storage", [0x80, 0x3F, 0x00, 0xC0], 2).Data);
        Assert.Equal([MathF.E], One("DoubleStorage", BitConverter.GetBytes(Math.E), 1).Data);
        var counter = One("LongStorage", BitConverter.GetBytes(77L), 1);
        Assert.Equal(TensorDtype.I64, counter.Dtype);
        Assert.Equal(BitConverter.GetBytes(77L), counter.Raw);

        static SafeTensor One(string type, byte[] bytes, int count) =>
            new PickleBuilder().Tensor("t", type, count, 0, [count], [1]).Read(bytes).Tensors["t"];
    }

    [Fact]
    public void The_iteration_of_a_training_checkpoint_is_given()
    {
        var pickle = new PickleBuilder().Tensor("t", "FloatStorage", 1, 0, [1], [1]).Text("iteration").Byte('K').Byte(42);
        Assert.Equal(42, pickle.Read(Floats(1)).Iteration);
        Assert.Null(TorchCheckpoint.Read(WaveGlowFixture.Path("state_dict_unfused.pt")).Iteration);
    }

    private static byte[] Floats(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];
}
