using System.Numerics.Tensors;
using System.Reflection;
using FlowVocoder.Compute;
using FlowVocoder.Tests.Compute;
using Tensor = FlowVocoder.Compute.Tensor;

namespace FlowVocoder.Tests.Torch;

/// <summary>Each operation and its gradient against the managed engine.</summary>
public class TorchOpsTests
{
    public static TheoryData<int, string> Operations => new(Operation.All.Select((operation, i) => (i, operation.Name)));

    [Theory]
    [MemberData(nameof(Operations))]
    public void Values_and_gradients_are_those_of_the_managed_engine(int number, string name)
    {
        Operation operation = Operation.All[number];
        Assert.Equal(name, operation.Name);
        for (int seed = 0; seed < 4; seed++)
        {
            var random = new Random(100 * number + seed);
            Tensor[] inputs = operation.Draw(random), fixedInputs = operation.Fixed?.Invoke(random, inputs) ?? [];
            foreach (Tensor input in inputs) input.AsParameter();
            var (expected, gradients) = Run(operation, Engine.Managed, inputs, fixedInputs, seed);
            var (actual, actualGradients) = Run(operation, Libtorch.Engine, inputs, fixedInputs, seed);
            Assert.InRange(Error(actual, expected), 0, 1e-5);
            for (int i = 0; i < gradients.Length; i++) Assert.InRange(Error(actualGradients[i], gradients[i]), 0, 1e-4);
            Samples.Close([.. actual.Select(x => (double)x)], Libtorch.Engine.Compute() is var plain ? plain.Read(operation.Apply(plain, inputs, fixedInputs))
                : [], 0, "without gradients");
        }
    }

    // Values, and gradients of their sum with random weights.
    private static (float[] Values, float[][] Gradients) Run(Operation operation, Engine engine, Tensor[] inputs, Tensor[] fixedInputs, int seed)
    {
        foreach (Tensor input in inputs) input.Grad = null;
        Ops ops = engine.Record();
        Tensor y = operation.Apply(ops, inputs, fixedInputs);
        float[] values = ops.Read(y).ToArray();
        ops.Backward(ops.Sum(ops.Multiply(y, Samples.Normal(new Random(seed), y.Batch, y.Channels, y.Length))));
        float[][] gradients = [.. inputs.Select(input => input.Grad!.Span.ToArray())];
        ops.Reset();
        return (values, gradients);
    }

    [Fact]
    public void Every_operation_of_the_seam_is_tried()
    {
        HashSet<string> apart = [nameof(Ops.Rent), nameof(Ops.Free), nameof(Ops.Reset), nameof(Ops.Recur)],
            tried = [.. Operation.All.Select(operation => operation.Name)];
        IEnumerable<string> all = typeof(Ops).GetMethods(BindingFlags.Public | BindingFlags.Instance).Where(method => method.IsAbstract)
            .Select(method => method.Name);
        Assert.Equal([], all.Except(apart).Except(tried));
    }

    [Fact]
    public void Gradients_add_up_over_passes_and_a_frozen_parameter_has_none()
    {
        var random = new Random(1);
        Tensor x = Samples.Normal(random, 1, 2, 5).AsParameter(), frozen = Samples.Normal(random, 1, 2, 5).AsParameter();
        frozen.RequiresGrad = false;
        Ops ops = Libtorch.Engine.Record();
        for (int pass = 0; pass < 2; pass++)
        {
            ops.Backward(ops.Sum(ops.Multiply(x, frozen)));
            ops.Reset();
        }
        Samples.Close([.. frozen.Span.ToArray().Select(value => 2.0 * value)], x.Grad!.Span, 1e-6, "gradient");
        Assert.Null(frozen.Grad);
        Assert.Throws<InvalidOperationException>(() => Libtorch.Engine.Compute().Backward(x));
    }

    [Fact]
    public void A_parameter_that_changes_is_copied_again()
    {
        Tensor x = Tensor.From([1, 2], 1, 2, 1).AsParameter();
        Ops ops = Libtorch.Engine.Compute();
        Assert.Equal([2, 4], ops.Read(ops.Scale(x, 2)).ToArray());
        x.Span[1] = 5;
        x.MarkChanged();
        Assert.Equal([2, 10], ops.Read(ops.Scale(x, 2)).ToArray());
    }

    [Fact]
    public void What_is_derived_of_parameters_is_kept_until_they_change_and_has_gradients_where_they_are_recorded()
    {
        Tensor v = Samples.Normal(new Random(2), 3, 2, 2).AsParameter();
        int made = 0;
        var derived = new DerivedTensor(ops => Counted(ops.Scale(v, 3)), v);
        Tensor Counted(Tensor tensor)
        {
            made++;
            return tensor;
        }
        Ops plain = Libtorch.Engine.Compute(), records = Libtorch.Engine.Record();
        for (int i = 0; i < 3; i++)
        {
            Samples.Close([.. v.Span.ToArray().Select(value => 3.0 * value)], plain.Read(derived.Of(plain)), 1e-6, "derived");
            plain.Reset();
        }
        Assert.Equal(1, made);
        records.Backward(records.Add(records.Sum(derived.Of(records)), records.Sum(derived.Of(records))));
        Assert.Equal(2, made);
        Assert.All(v.Grad!.Span.ToArray(), gradient => Assert.Equal(6, gradient, 1e-6));
    }

    internal static double Error(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        Assert.Equal(expected.Length, actual.Length);
        var difference = new float[actual.Length];
        TensorPrimitives.Subtract(actual, expected, difference);
        double norm = TensorPrimitives.Norm<float>(expected);
        return TensorPrimitives.Norm<float>(difference) / (norm > 0 ? norm : 1);
    }
}
