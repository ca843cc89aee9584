using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Flows;

/// <summary>Pairs of additive residuals against memcnn's AdditiveCoupling.</summary>
public class ResidualPairTests
{
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "revnet_tiny");

    private static Tensor Array(string name)
    {
        NpyArray array = Npy.Read(Path.Combine(s_folder, $"additive1d_{name}.npy"));
        return Tensor.From(array.Data, array.Shape[0], array.Shape[1], array.Shape[2]);
    }

    private static IReadOnlyDictionary<string, SafeTensor> Values(string name) =>
        SafeTensorsFile.Read(Path.Combine(s_folder, $"additive1d_{name}.safetensors")).Tensors;

    private static (ResidualPair Pair, ParameterSet Parameters) Published()
    {
        var parameters = new ParameterSet(1);
        var pair = new ResidualPair(parameters, 6, hidden: 6, kernel: 3);
        IReadOnlyDictionary<string, SafeTensor> weights = Values("state_dict");
        parameters.Load("additive1d", name => weights.TryGetValue(name, out SafeTensor? tensor) ? (tensor.Shape, tensor.Data) : null);
        return (pair, parameters);
    }

    private sealed class One(ResidualPair pair) : IReversible
    {
        public int Steps => 1;

        public Tensor Forward(Ops ops, int step, Tensor x, Tensor condition, out Tensor logDet) => pair.Forward(ops, x, condition, out logDet);

        public Tensor Inverse(Ops ops, int step, Tensor z, Tensor condition) => pair.Inverse(ops, z, condition);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Output_and_gradients_are_the_published_ones_stored_and_rebuilt(bool reversible)
    {
        var (pair, parameters) = Published();
        Tensor x = Array("x").AsParameter(), none = Flow.NoCondition(x);
        var ops = new CpuOps(tape: new Tape());
        Tensor y = reversible ? ops.Reversible(new One(pair), x, none, out _) : pair.Forward(ops, x, none, out _);
        Assert.InRange(Samples.RelativeL2(Array("y").Span, y.Span), 0, 1e-6);
        ops.Backward(ops.Sum(ops.Multiply(y, Array("grad_y"))));
        Assert.InRange(Samples.RelativeL2(Array("grad_x").Span, x.Grad!.Span), 0, 1e-6);
        IReadOnlyDictionary<string, SafeTensor> gradients = Values("gradients");
        Assert.Equal(gradients.Keys.Order(), parameters.Items.Select(p => p.Name).Order());
        foreach (Parameter p in parameters.Items) Assert.InRange(Samples.RelativeL2(gradients[p.Name].Data, p.Value.Grad!.Span), 0, 1e-5);
        if (reversible) Assert.InRange(ops.RebuildError, 0, 1e-6);
    }

    [Fact]
    public void It_is_undone_and_moves_no_volume()
    {
        var (pair, _) = Published();
        var ops = new CpuOps();
        Tensor x = Array("x"), y = pair.Forward(ops, x, Flow.NoCondition(x), out Tensor logDet);
        Assert.Equal(0, logDet.Item);
        Assert.InRange(Samples.RelativeL2(x.Span, pair.Inverse(ops, y, Flow.NoCondition(x)).Span), 0, 1e-6);
    }

    [Fact]
    public void Odd_sizes_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new ResidualPair(new ParameterSet(), 3, 4));
        Assert.Throws<ArgumentException>(() => new ResidualPair(new ParameterSet(), 4, 4, kernel: 2));
    }
}
