using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class SqueezedFlowTests
{
    private readonly Random _random = new(1);

    private static SqueezedFlow Create(ParameterSet parameters)
    {
        var coupling = new AffineCoupling(parameters, new WaveNetConfig(1, 6, Kernel: 1), 6, 3);
        parameters.Randomize(2, 0.3);
        return new SqueezedFlow(coupling, 3);
    }

    [Fact]
    public void Round_trip() => FlowChecks.RoundTrip(Create(new ParameterSet(1)), Samples.Normal(_random, 2, 2, 12), Samples.Normal(_random, 2, 1, 12));

    [Fact]
    public void Log_det_equals_the_jacobian() =>
        FlowChecks.LogDetEqualsJacobian(Create(new ParameterSet(1)), Samples.Normal(_random, 1, 2, 6), Samples.Normal(_random, 1, 1, 6));

    [Fact]
    public void Gradients_of_the_likelihood_equal_central_differences()
    {
        var parameters = new ParameterSet(1);
        FlowChecks.LikelihoodGradients(parameters, Create(parameters), Samples.Normal(_random, 1, 2, 6), Samples.Normal(_random, 1, 1, 6));
    }

    [Fact]
    public void Swapping_the_channels_of_groups_swaps_samples()
    {
        Tensor x = Tensor.From([1, 2, 3, 4, 5, 6, 7, 8], 1, 1, 8);
        Tensor z = new SqueezedFlow(new ChannelSwap(), 4).Forward(new CpuOps(), x, Flow.NoCondition(x), out _);
        Assert.Equal([3, 4, 1, 2, 7, 8, 5, 6], z.Span.ToArray());
    }

    [Fact]
    public void Reach_and_work_are_those_of_groups()
    {
        var coupling = new AffineCoupling(new ParameterSet(1), new WaveNetConfig(1, 6), 6, 0);
        var flow = new SqueezedFlow(coupling, 3);
        Assert.Equal((2, 0), (coupling.Past, coupling.Future));
        Assert.Equal((8, 2, (coupling.MacsPerStep + 2) / 3), (flow.Past, flow.Future, flow.MacsPerStep));
    }
}
