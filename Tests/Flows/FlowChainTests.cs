using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class FlowChainTests
{
    private readonly Random _random = new(1);

    // RealNVP with alternating masks behind an activation normalisation, without a condition.
    private static FlowChain Create(ParameterSet parameters)
    {
        AffineCoupling Coupling(string name) => new(parameters.Scope(name), new WaveNetConfig(1, 6, Kernel: 1), 4, 0);
        return new FlowChain([new ActNorm(parameters.Scope("norm"), 4), Coupling("0"), new ChannelSwap(), Coupling("1"), new ChannelSwap()]);
    }

    private static FlowChain Trained(ParameterSet parameters)
    {
        FlowChain chain = Create(parameters);
        parameters.Randomize(2, 0.4);
        return chain;
    }

    [Fact]
    public void Round_trip() => FlowChecks.RoundTrip(Trained(new ParameterSet(1)), Samples.Normal(_random, 2, 4, 9));

    [Fact]
    public void Log_det_equals_the_jacobian() =>
        FlowChecks.LogDetEqualsJacobian(Trained(new ParameterSet(1)), Samples.Normal(_random, 2, 4, 2));

    [Fact]
    public void Saved_weights_restore_every_bit() => FlowChecks.SavedWeightsRestoreEveryBit(Create, Samples.Normal(_random, 2, 4, 9));

    [Fact]
    public void Couplings_with_alternating_masks_transform_every_channel()
    {
        Tensor x = Samples.Normal(_random, 1, 4, 9);
        var parameters = new ParameterSet(1);
        FlowChain chain = Create(parameters);
        Samples.SameBits(x.Span, chain.Forward(new CpuOps(), x, Flow.NoCondition(x), out _).Span, "identity at the start");
        parameters.Randomize(2, 0.4);
        Tensor z = new FlowChain([.. chain.Layers.Skip(1)]).Forward(new CpuOps(), x, Flow.NoCondition(x), out _);
        for (int c = 0; c < 4; c++) Assert.NotEqual(x.Row(0, c).ToArray(), z.Row(0, c).ToArray());
    }

    [Fact]
    public void Gradients_of_the_likelihood_reach_every_parameter()
    {
        var parameters = new ParameterSet(1);
        FlowChain chain = Trained(parameters);
        Tensor x = Samples.Normal(_random, 2, 4, 5);
        FlowChecks.LikelihoodGradients(parameters, chain, x);
    }

    [Fact]
    public void Initialising_lets_each_normalisation_see_what_reaches_it()
    {
        var parameters = new ParameterSet(1);
        var stack = new FlowStack(parameters.Scope("stack"), new FlowStackConfig(4, 1, 0, 0, new WaveNetConfig(1, 4, 1), 0, true, true, 0));
        var chain = new FlowChain([new ActNorm(parameters.Scope("a"), 4), stack, new ActNorm(parameters.Scope("b"), 4)]);
        parameters.Randomize(2, 0.4);
        Tensor x = Samples.Normal(_random, 3, 4, 200, 5);
        var ops = new CpuOps();
        chain.Initialize(ops, x, Flow.NoCondition(x));
        for (int layers = 1; layers <= 3; layers += 2)
        {
            Tensor z = new FlowChain([.. chain.Layers.Take(layers)]).Forward(ops, x, Flow.NoCondition(x), out _);
            for (int c = 0; c < 4; c++)
            {
                double[] values = [.. Enumerable.Range(0, 3).SelectMany(b => z.Row(b, c).ToArray().Select(v => (double)v))];
                Assert.Equal(0, values.Average(), 1e-4);
                Assert.Equal(1, values.Average(v => v * v), 1e-3);
            }
        }
        // The stack's own normalisation has nothing left to do.
        FlowResult result = stack.Forward(ops, chain.Layers[0].Forward(ops, x, Flow.NoCondition(x), out _), Flow.NoCondition(x));
        Assert.Equal(0, result.LogDets[0].LogDet.Item, 0.01 * 600);
    }

    [Fact]
    public void Work_and_reach_add_up()
    {
        AffineCoupling Coupling(ulong seed) => new(new ParameterSet(seed), new WaveNetConfig(2, 6, 3, Causal: false), 4, 0);
        var chain = new FlowChain([Coupling(1), new ChannelSwap(), Coupling(2)]);
        // Dilations 1 and 2 of three centred taps, twice.
        Assert.Equal((6, 6, 2 * Coupling(1).MacsPerStep), (chain.Past, chain.Future, chain.MacsPerStep));
        Assert.Throws<ArgumentException>(() => new FlowChain([]));
    }
}
