using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class ElementwiseSplineTests
{
    private readonly Random _random = new(1);

    private static ElementwiseSpline Create(ParameterSet parameters, double noise, int bins = 6, float bound = 3)
    {
        var flow = new ElementwiseSpline(parameters, 3, bins, bound);
        parameters.Randomize(2, noise);
        return flow;
    }

    [Fact]
    public void Round_trip() => FlowChecks.RoundTrip(Create(new ParameterSet(), 1), Samples.Normal(_random, 2, 3, 50, 1.5));

    // Two wide bins, and x in the middle of them: central differences must not straddle a knot.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Log_det_equals_the_jacobian(int batch)
    {
        ElementwiseSpline flow = Create(new ParameterSet(), 0.5, bins: 2, bound: 12);
        Tensor x = Samples.Normal(_random, batch, 3, 4, 0.2);
        for (int i = 0; i < x.Size; i++) x.Span[i] += i % 2 == 0 ? -6 : 6;
        FlowChecks.LogDetEqualsJacobian(flow, x);
    }

    [Fact]
    public void Saved_weights_restore_every_bit() =>
        FlowChecks.SavedWeightsRestoreEveryBit(parameters => new ElementwiseSpline(parameters, 3), Samples.Normal(_random, 2, 3, 9));

    [Fact]
    public void Channels_do_not_mix()
    {
        ElementwiseSpline flow = Create(new ParameterSet(), 1);
        Tensor x = Samples.Normal(_random, 1, 3, 20);
        var ops = new CpuOps();
        float[] before = flow.Forward(ops, x, Flow.NoCondition(x), out _).Span.ToArray();
        foreach (ref float v in x.Row(0, 1)) v = -v;
        float[] after = flow.Forward(ops, x, Flow.NoCondition(x), out _).Span.ToArray();
        Samples.SameBits(before.AsSpan(0, 20), after.AsSpan(0, 20), "channel 0");
        Assert.NotEqual(before[20..40], after[20..40]);
        Samples.SameBits(before.AsSpan(40), after.AsSpan(40), "channel 2");
    }

    [Fact]
    public void Gradients_of_the_likelihood_equal_central_differences()
    {
        var parameters = new ParameterSet();
        ElementwiseSpline flow = Create(parameters, 0.3, bins: 2, bound: 12);
        Tensor x = Samples.Normal(_random, 2, 3, 5, 0.2);
        for (int i = 0; i < x.Size; i++) x.Span[i] += i % 2 == 0 ? -6 : 6;
        FlowChecks.LikelihoodGradients(parameters, flow, x);
    }
}
