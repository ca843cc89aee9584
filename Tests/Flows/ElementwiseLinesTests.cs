using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

/// <summary>The two elementwise flows of straight lines: leaky ReLU and piecewise linear.</summary>
public class ElementwiseLinesTests
{
    private readonly Random _random = new(1);

    public static TheoryData<string> Kinds() => ["leaky", "lines"];

    private static Flow Create(string kind, ParameterSet parameters)
    {
        Flow flow = kind switch { "leaky" => new LeakyReluFlow(parameters, 3), _ => new PiecewiseLinearFlow(parameters, 3, bins: 6, bound: 3) };
        parameters.Randomize(2, 0.5);
        return flow;
    }

    // x in the middle of pieces: central differences must not straddle a kink, which are at 0, and at whole numbers for the lines.
    private Tensor Middles(int batch, int length)
    {
        var x = new Tensor(batch, 3, length);
        foreach (ref float v in x.Span) v = _random.Next(-4, 4) + 0.5f + 0.3f * (_random.NextSingle() - 0.5f);
        return x;
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Round_trip(string kind) => FlowChecks.RoundTrip(Create(kind, new ParameterSet()), Samples.Normal(_random, 2, 3, 200, 1.5));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Log_det_equals_the_jacobian(string kind) => FlowChecks.LogDetEqualsJacobian(Create(kind, new ParameterSet()), Middles(2, 5));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Gradients_of_the_likelihood_equal_central_differences(string kind)
    {
        var parameters = new ParameterSet();
        Flow flow = Create(kind, parameters);
        FlowChecks.LikelihoodGradients(parameters, flow, Middles(2, 5));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Gradients_of_the_smoothed_log_det_see_where_kinks_are(string kind)
    {
        var parameters = new ParameterSet();
        Flow flow = Create(kind, parameters);
        ((IApproximateLogDet)flow).Exact = false;
        FlowChecks.LikelihoodGradients(parameters, flow, Middles(2, 5));
        // At a kink, where the exact one jumps, it is half way and moves with x; far from all of them it is the exact one.
        double LogDet(float x)
        {
            var points = new Tensor(1, 3, 1);
            points.Span.Fill(x);
            flow.Forward(new CpuOps(), points, Flow.NoCondition(points), out Tensor logDet);
            return logDet.Item;
        }
        double below = LogDet(-0.5f), above = LogDet(0.5f);
        Assert.Equal((below + above) / 2, LogDet(0), 0.02 * Math.Abs(below - above));
        Assert.Equal((above - below) / 0.4, (LogDet(0.01f) - LogDet(-0.01f)) / 0.02, 0.05 * Math.Abs(above - below) / 0.4);
        ((IApproximateLogDet)flow).Exact = true;
        Assert.Equal(below, LogDet(-0.5f), 0.05 * Math.Abs(above - below));
        Assert.Equal(above, LogDet(0.5f), 0.05 * Math.Abs(above - below));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Saved_weights_restore_every_bit(string kind) =>
        FlowChecks.SavedWeightsRestoreEveryBit(parameters => Create(kind, parameters), Samples.Normal(_random, 2, 3, 9));

    [Fact]
    public void A_leaky_relu_has_its_slope_below_zero()
    {
        var parameters = new ParameterSet();
        var flow = new LeakyReluFlow(parameters, 2);
        Assert.Equal(0.5, Math.Exp(parameters.Items.Single().Value.Span[0]), 1e-6);
        Set(parameters, [MathF.Log(0.25f), MathF.Log(3f)]);
        var ops = new CpuOps();
        Tensor x = Tensor.From([-2, -1, 0, 4, -2, 1, 0, -1], 1, 2, 4), z = flow.Forward(ops, x, Flow.NoCondition(x), out Tensor logDet);
        Assert.Equal([-0.5f, -0.25f, 0, 4, -6, 1, 0, -3], z.Span.ToArray(), (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal(2 * Math.Log(0.25) + 2 * Math.Log(3), logDet.Item, 1e-5);
    }

    [Fact]
    public void Lines_join_the_knots_that_their_heights_say()
    {
        // Four bins of width 1 on [-2, 2], whose softmax is 1/8, 4/8, 1/8, 2/8: heights 0.5, 2, 0.5, 1 above -2.
        var parameters = new ParameterSet();
        var flow = new PiecewiseLinearFlow(parameters, 1, bins: 4, bound: 2);
        Set(parameters, [0, MathF.Log(4), 0, MathF.Log(2)]);
        var ops = new CpuOps();
        Tensor x = Tensor.From([-3, -2, -1.5f, -1, -0.25f, 0, 1, 1.5f, 2, 7], 1, 1, 10), z = flow.Forward(ops, x, Flow.NoCondition(x), out Tensor logDet);
        Assert.Equal([-3, -2, -1.75f, -1.5f, 0, 0.5f, 1, 1.5f, 2, 7], z.Span.ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
        // -1.5 in the first bin, -1 and -0.25 in the second, 0 in the third, 1 and 1.5 in the last, whose slope is 1; -2 and 2 belong to the outside.
        Assert.Equal(Math.Log(0.5) + 2 * Math.Log(2) + Math.Log(0.5), logDet.Item, 1e-5);
    }

    [Fact]
    public void The_density_of_lines_is_a_histogram_that_sums_to_one()
    {
        // Noise that is uniform on [-2, 2] through the inverse: as much of it falls into each bin as its height says.
        var parameters = new ParameterSet();
        var flow = new PiecewiseLinearFlow(parameters, 1, bins: 4, bound: 2);
        Set(parameters, [0, MathF.Log(4), 0, MathF.Log(2)]);
        var z = Tensor.From([.. Enumerable.Range(0, 8000).Select(i => -2 + 4 * (i + 0.5f) / 8000)], 1, 1, 8000);
        float[] x = flow.Inverse(new CpuOps(), z, Flow.NoCondition(z)).Span.ToArray();
        Assert.Equal([1000, 4000, 1000, 2000], Enumerable.Range(-2, 4).Select(k => x.Count(v => v >= k && v < k + 1)), (a, b) => Math.Abs(a - b) <= 2);
    }

    [Fact]
    public void What_has_no_lines_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new PiecewiseLinearFlow(new ParameterSet(), 1, bins: 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PiecewiseLinearFlow(new ParameterSet(), 1, bound: 0));
    }

    private static void Set(ParameterSet parameters, float[] values)
    {
        Tensor only = parameters.Items.Single().Value;
        values.CopyTo(only.Span);
        only.MarkChanged();
    }
}
