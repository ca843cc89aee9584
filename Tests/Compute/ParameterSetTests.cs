using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

public class ParameterSetTests
{
    private static ParameterSet Sample(ulong seed = 1)
    {
        var set = new ParameterSet(seed);
        set.Uniform("weight", 0.5f, 4, 3, 5);
        ParameterSet inner = set.Scope("layers").Scope("0");
        inner.Constant("bias", 2f, 4);
        inner.Fixed("order", [3, 1, 2], 3);
        inner.Values("matrix", [1, 2, 3, 4], 2, 2);
        return set;
    }

    private static string LoadError(ParameterSet set, Func<string, (int[] Shape, float[] Data)?> find) =>
        Assert.Throws<VocoderException>(() => set.Load("voice.bin", find)).Message;

    [Fact]
    public void Names_shapes_and_counts()
    {
        ParameterSet set = Sample();
        Assert.Equal(["weight", "layers.0.bias", "layers.0.order", "layers.0.matrix"], set.Items.Select(p => p.Name));
        Assert.Equal(["[4, 3, 5]", "[1, 4, 1]", "[1, 3, 1]", "[2, 2, 1]"], set.Items.Select(p => p.Value.Shape));
        Assert.Equal([4, 3, 5], set.Items[0].Shape);
        Assert.Equal([true, true, false, true], set.Items.Select(p => p.Trained));
        Assert.Equal([true, true, false, true], set.Items.Select(p => p.Value.RequiresGrad));
        Assert.Equal(60 + 4 + 4, set.Count);
    }

    [Fact]
    public void Initial_values_depend_on_the_seed_alone()
    {
        float[] Weight(ulong seed) => Sample(seed).Items[0].Value.Span.ToArray();
        Assert.Equal(Weight(1), Weight(1));
        Assert.NotEqual(Weight(1), Weight(2));
        Assert.All(Weight(1), v => Assert.InRange(v, -0.5f, 0.5f));
        Assert.Equal(60, Weight(1).Distinct().Count());
    }

    [Fact]
    public void Load_copies_values_by_name_and_marks_them_changed()
    {
        ParameterSet from = Sample(1), to = Sample(2);
        int version = to.Items[0].Value.Version;
        to.Load("voice.bin", name => from.Items.Where(p => p.Name == name).Select(p => ((int[], float[])?)(p.Shape, p.Value.Span.ToArray())).Single());
        for (int i = 0; i < 4; i++) Assert.Equal(from.Items[i].Value.Span.ToArray(), to.Items[i].Value.Span.ToArray());
        Assert.True(to.Items[0].Value.Version > version);
    }

    [Fact]
    public void A_missing_tensor_is_named() =>
        Assert.Equal("voice.bin: tensor 'weight' is missing, expected shape [4, 3, 5]", LoadError(Sample(), _ => null));

    [Fact]
    public void A_wrong_shape_is_named() => Assert.Equal(
        "voice.bin: tensor 'layers.0.bias' has shape [5], expected [4]",
        LoadError(Sample(), name => name == "weight" ? ([4, 3, 5], new float[60]) : ([5], new float[5])));

    [Fact]
    public void An_axis_more_is_another_shape() => Assert.Equal(
        "voice.bin: tensor 'weight' has shape [4, 15], expected [4, 3, 5]", LoadError(Sample(), _ => ([4, 15], new float[60])));

    [Fact]
    public void Axes_that_a_tensor_does_not_have_are_refused()
    {
        var set = new ParameterSet();
        Assert.Throws<ArgumentException>(() => set.Constant("w", 1f, 2, 3, 4, 5, 6));
        Assert.Throws<ArgumentException>(() => set.Constant("w", 1f));
        Assert.Empty(set.Items);
    }

    [Fact]
    public void A_set_holds_no_more_than_it_may_and_takes_no_memory_for_more()
    {
        var set = new ParameterSet(most: 10);
        set.Constant("a", 1f, 2, 3);
        Refusal.Expect(() => set.Scope("s").Constant("b", 1f, 5), "'s.b' of shape [5] has 5 numbers, expected at most 4 of 10 more");
        Refusal.Expect(() => set.Constant("c", 1f, int.MaxValue, int.MaxValue, int.MaxValue), "expected at most 4");
        Assert.Single(set.Items);
    }
}
