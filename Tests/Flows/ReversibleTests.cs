using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Flows;

/// <summary>Steps whose inputs are rebuilt while gradients run back.</summary>
public class ReversibleTests
{
    private const int Group = 16, Condition = 5;

    private static (FlowStack Stack, ParameterSet Parameters) Create(int flows, int earlyEvery = 2)
    {
        var parameters = new ParameterSet(1);
        var stack = new FlowStack(parameters, new FlowStackConfig(Group, flows, earlyEvery, earlyEvery == 0 ? 0 : 4, new WaveNetConfig(2, 8, 3), Condition,
            ActNorm: true, Lu: true, LogScaleClamp: 4));
        parameters.Randomize(2, 0.05);
        return (stack, parameters);
    }

    private static (Tensor X, Tensor Condition) Inputs(int length = 40)
    {
        var random = new Random(3);
        Tensor x = Samples.Normal(random, 2, Group, length), condition = Samples.Normal(random, 2, Condition, length);
        x.AsParameter();
        condition.AsParameter();
        return (x, condition);
    }

    // Gradients of a loss on all latents, of the parameters and of both inputs, by name.
    private static (Dictionary<string, float[]> Gradients, double Loss, double RebuildError) Gradients(FlowStack stack, ParameterSet parameters,
        bool reversible)
    {
        var (x, condition) = Inputs();
        foreach (Parameter p in parameters.Items) p.Value.Grad?.Span.Clear();
        var ops = new CpuOps(tape: new Tape());
        stack.Reversible = reversible;
        FlowResult result = stack.Forward(ops, x, condition);
        Assert.Equal([4, 4, 8], result.Latents.Select(z => z.Channels));
        Tensor squares = result.Latents.Select((z, i) => ops.Scale(ops.SumSquares(z), 0.5f + i)).Aggregate(ops.Add),
            logDet = result.LogDets.Select(l => l.LogDet).Aggregate(ops.Add);
        Tensor loss = ops.Scale(ops.Add(squares, ops.Scale(logDet, -1f)), 0.01f);
        double value = loss.Item;
        ops.Backward(loss);
        var gradients = parameters.Items.Where(p => p.Value.Grad != null).ToDictionary(p => p.Name, p => p.Value.Grad!.Span.ToArray());
        (gradients["x"], gradients["condition"]) = (x.Grad!.Span.ToArray(), condition.Grad!.Span.ToArray());
        return (gradients, value, ops.RebuildError);
    }

    [Fact]
    public void Gradients_are_those_of_stored_activations()
    {
        var (stack, parameters) = Create(flows: 6);
        var (expected, stored, none) = Gradients(stack, parameters, reversible: false);
        var (found, rebuilt, error) = Gradients(stack, parameters, reversible: true);
        Assert.Equal(0, none);
        Assert.InRange(error, 1e-9, 1e-5);
        Assert.Equal(stored, rebuilt, 1e-4 * Math.Abs(stored));
        Assert.Equal(expected.Keys.Order(), found.Keys.Order());
        foreach (var (name, gradient) in expected)
        {
            double scale = Math.Sqrt(gradient.Sum(g => (double)g * g)), distance = Math.Sqrt(gradient.Zip(found[name], (a, b) => Math.Pow(a - b, 2)).Sum());
            Assert.True(distance <= 1e-4 * Math.Max(scale, 1e-3), $"{name}: {distance:e2} of {scale:e2}");
        }
    }

    [Fact]
    public void Memory_does_not_grow_with_the_number_of_flows()
    {
        long Allocated(int flows, bool reversible)
        {
            var (stack, parameters) = Create(flows, earlyEvery: 0);
            stack.Reversible = reversible;
            var (x, condition) = Inputs(length: 2000);
            long bytes = 0;
            // The first pass makes what stays: gradients of parameters, packed weights.
            for (int pass = 0; pass < 2; pass++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                var ops = new CpuOps(tape: new Tape());
                FlowResult result = stack.Forward(ops, x, condition);
                ops.Backward(ops.Add(ops.SumSquares(result.Latents[0]), result.LogDets.Select(l => l.LogDet).Aggregate(ops.Add)));
                bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            }
            return bytes;
        }
        double stored = (double)Allocated(24, false) / Allocated(6, false), rebuilt = (double)Allocated(24, true) / Allocated(6, true);
        Assert.InRange(stored, 3.5, 4.5);
        Assert.InRange(rebuilt, 0.9, 1.3);
        Assert.True(Allocated(6, true) < 0.5 * Allocated(6, false));
    }

    [Fact]
    public void What_cannot_be_rebuilt_exactly_shows()
    {
        var (stack, parameters) = Create(flows: 6);
        Parameter diagonal = parameters.Items.Single(p => p.Name == "convinv.2.conv.log_diagonal");
        // One of twelve directions is shrunk to nothing, almost.
        diagonal.Value.Span[3] -= 12;
        diagonal.Value.MarkChanged();
        var (_, _, error) = Gradients(stack, parameters, reversible: true);
        Assert.InRange(error, 1e-4, double.PositiveInfinity);
        var (name, condition) = stack.WorstConditioned(new CpuOps());
        Assert.Equal("convinv.2", name);
        Assert.InRange(condition, 1e4, 1e8);
    }

    [Fact]
    public void Without_a_tape_it_is_the_same_flow()
    {
        var (stack, _) = Create(flows: 6);
        var (x, condition) = Inputs();
        FlowResult stored = stack.Forward(new CpuOps(), x, condition);
        stack.Reversible = true;
        FlowResult rebuilt = stack.Forward(new CpuOps(), x, condition);
        for (int i = 0; i < 3; i++) Samples.SameBits(stored.Latents[i].Span, rebuilt.Latents[i].Span, $"part {i}");
        Assert.Equal(stored.LogDets.Sum(l => l.LogDet.Item), rebuilt.LogDets.Sum(l => l.LogDet.Item), 1e-3);
    }
}
