using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;
using MathNet.Numerics.LinearAlgebra;

namespace FlowVocoder.Tests.Flows;

/// <summary>What every invertible layer must satisfy, whatever it is made of.</summary>
internal static class FlowChecks
{
    /// <summary>Inverse(Forward(x)) = x and Forward(Inverse(z)) = z within 1e-4, and both tell the same log-determinant.</summary>
    public static void RoundTrip(Flow flow, Tensor x, Tensor? condition = null)
    {
        condition ??= Flow.NoCondition(x);
        var ops = new CpuOps();
        Tensor z = flow.Forward(ops, x, condition, out _);
        Assert.True(x.SameShape(z));
        Assert.True(Distance(x, z) > 0.05, "the layer is the identity: the round trip would show nothing");
        Assert.InRange(Distance(x, flow.Inverse(ops, z, condition)), 0, 1e-4);
        Assert.InRange(Distance(x, flow.Forward(ops, flow.Inverse(ops, x, condition), condition, out _)), 0, 1e-4);
        InverseLogDetIsThatOfForward(flow, x, condition);
    }

    /// <summary>The log-determinant told while generating is the negative of that of scoring what was generated.</summary>
    private static void InverseLogDetIsThatOfForward(Flow flow, Tensor z, Tensor condition)
    {
        var ops = new CpuOps();
        Tensor x = flow.Inverse(ops, z, condition, out Tensor logDet);
        Samples.SameBits(flow.Inverse(ops, z, condition).Span, x.Span, "with and without log det");
        flow.Forward(ops, x, condition, out Tensor forward);
        Assert.Equal(-forward.Item, logDet.Item, 1e-4 * Math.Max(1, Math.Abs(forward.Item)));
    }

    /// <summary>The largest difference.</summary>
    public static double Distance(Tensor a, Tensor b)
    {
        Assert.True(a.SameShape(b), $"{a.Shape} and {b.Shape}");
        double largest = 0;
        for (int i = 0; i < a.Size; i++)
            if (!(Math.Abs((double)a.Span[i] - b.Span[i]) <= largest)) largest = Math.Abs((double)a.Span[i] - b.Span[i]);
        return largest;
    }

    /// <summary>log |det| of the Jacobian by central differences equals the log-determinant that the layer claims; every input of its own batch item.</summary>
    public static void LogDetEqualsJacobian(Func<Ops, Tensor, (float[] Z, double LogDet)> forward, Tensor x, double tolerance = 2e-3)
    {
        double expected = LogAbsDet(Jacobian(x, input => forward(new CpuOps(), input).Z));
        Assert.True(Math.Abs(expected) > 0.05, $"log det {expected} would not show a missing term");
        Assert.Equal(expected, forward(new CpuOps(), x).LogDet, tolerance);
    }

    /// <summary>The same for one layer.</summary>
    public static void LogDetEqualsJacobian(Flow flow, Tensor x, Tensor? condition = null) => LogDetEqualsJacobian((ops, input) =>
    {
        float[] z = flow.Forward(ops, input, condition ?? Flow.NoCondition(input), out Tensor logDet).Span.ToArray();
        return (z, logDet.Item);
    }, x);

    private static Matrix<double> Jacobian(Tensor x, Func<Tensor, float[]> forward)
    {
        const float Step = 1f / 16;
        var jacobian = Matrix<double>.Build.Dense(x.Size, x.Size);
        for (int j = 0; j < x.Size; j++)
        {
            float original = x.Span[j];
            float[] At(int steps)
            {
                x.Span[j] = original + steps * Step;
                return forward(x);
            }
            float[] minus2 = At(-2), minus1 = At(-1), plus1 = At(1), plus2 = At(2);
            At(0);
            for (int i = 0; i < x.Size; i++) jacobian[i, j] = (8.0 * (plus1[i] - (double)minus1[i]) - (plus2[i] - (double)minus2[i])) / (12 * Step);
        }
        return jacobian;
    }

    private static double LogAbsDet(Matrix<double> matrix) => matrix.LU().U.Diagonal().Sum(u => Math.Log(Math.Abs(u)));

    /// <summary>Loads the values of one set into another, as a file would.</summary>
    public static void CopyTo(this ParameterSet from, ParameterSet to)
    {
        var file = from.Items.ToDictionary(p => p.Name, p => (p.Shape, p.Value.Span.ToArray()));
        to.Load("test", name => file.TryGetValue(name, out var found) ? found : null);
    }

    /// <summary>A layer built from another seed gives the same bits in both directions once it has loaded the weights, and not before.</summary>
    public static void SavedWeightsRestoreEveryBit(Func<ParameterSet, Flow> create, Tensor x, Tensor? condition = null)
    {
        condition ??= Flow.NoCondition(x);
        ParameterSet saved = new(1), loaded = new(2);
        Flow original = create(saved), copy = create(loaded);
        saved.Randomize(3);
        var ops = new CpuOps();
        float[][] Outputs(Flow flow) =>
            [flow.Forward(ops, x, condition, out Tensor logDet).Span.ToArray(), logDet.Span.ToArray(), flow.Inverse(ops, x, condition).Span.ToArray()];
        float[][] expected = Outputs(original), before = Outputs(copy);
        Assert.NotEqual(expected[0], before[0]);
        Assert.NotEqual(expected[2], before[2]);
        saved.CopyTo(loaded);
        float[][] after = Outputs(copy);
        for (int i = 0; i < expected.Length; i++) Samples.SameBits(expected[i], after[i], $"output {i}");
    }

    /// <summary>Generating in chunks of random sizes gives the bits of one long chunk.</summary>
    public static void ChunksEqualTheWhole(Flow flow, Tensor z, Tensor? condition = null)
    {
        condition ??= Flow.NoCondition(z);
        var random = new Random(6);
        Tensor whole = flow.Inverse(new CpuOps(), z, condition);
        var ops = new CpuOps(state: new StreamState());
        for (int t = 0, count; t < z.Length; t += count)
        {
            count = Math.Min(random.Next(1, 12), z.Length - t);
            Tensor part = flow.Inverse(ops, ops.Crop(z, t, count), ops.Crop(condition, t, count));
            for (int row = 0; row < z.Batch * z.Channels; row++)
                Samples.SameBits(whole.Row(0, row).Slice(t, count), part.Row(0, row), $"row {row}, steps {t}+{count}");
            ops.Reset();
        }
    }

    /// <summary>Gradients of all parameters of a likelihood equal central differences.</summary>
    public static void LikelihoodGradients(ParameterSet parameters, Flow flow, Tensor x, Tensor? condition = null) => ParameterGradients(parameters, ops =>
    {
        Tensor z = flow.Forward(ops, x, condition ?? Flow.NoCondition(x), out Tensor logDet);
        return ops.Add(ops.Scale(ops.SumSquares(z), 0.05f), ops.Scale(logDet, -0.1f));
    });

    /// <summary>Gradients of all parameters of a loss on z and log det equal central differences.</summary>
    public static void ParameterGradients(ParameterSet parameters, Func<Ops, Tensor> loss)
    {
        foreach (Parameter p in parameters.Items) p.Value.Grad = null;
        var tape = new Tape();
        var recording = new CpuOps(tape: tape);
        tape.Backward(loss(recording));
        var random = new Random(5);
        foreach (Parameter p in parameters.Items.Where(p => p.Trained))
        {
            Assert.True(p.Value.Grad != null, $"no gradient reached {p.Name}");
            foreach (int i in Enumerable.Range(0, p.Value.Size).OrderBy(_ => random.Next()).Take(4))
            {
                double expected = GradientCheck.Derivative(p.Value, i, () => loss(new CpuOps()).Item);
                Assert.True(Math.Abs(p.Value.Grad.Span[i] - expected) <= 5e-3 * Math.Max(1, Math.Abs(expected)),
                    $"{p.Name}[{i}]: {p.Value.Grad.Span[i]:R}, expected {expected:R}");
            }
        }
    }
}
