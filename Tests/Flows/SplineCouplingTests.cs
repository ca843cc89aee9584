using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class SplineCouplingTests
{
    private readonly Random _random = new(1);

    private static SplineCoupling Create(ParameterSet parameters, int bins, double noise = 0.3, float bound = 3)
    {
        var flow = new SplineCoupling(parameters, new WaveNetConfig(2, 6), 4, 3, bins, bound);
        parameters.Randomize(2, noise);
        return flow;
    }

    // The half that is bent stays away from the knots of two wide bins while central differences move everything.
    private Tensor BetweenKnots(int batch, int length)
    {
        Tensor x = Samples.Normal(_random, batch, 4, length, 0.2);
        for (int b = 0; b < batch; b++)
            for (int t = 0; t < length; t++)
                for (int c = 2; c < 4; c++) x.Row(b, c)[t] += t % 2 == 0 ? -6 : 6;
        return x;
    }

    [Fact]
    public void Starts_as_the_identity()
    {
        Tensor x = Samples.Normal(_random, 2, 4, 9), condition = Samples.Normal(_random, 2, 3, 9);
        Tensor z = new SplineCoupling(new ParameterSet(), new WaveNetConfig(2, 6), 4, 3).Forward(new CpuOps(), x, condition, out Tensor logDet);
        Assert.InRange(FlowChecks.Distance(x, z), 0, 1e-6);
        Assert.Equal(0, logDet.Item, 1e-5);
    }

    [Fact]
    public void Round_trip() =>
        FlowChecks.RoundTrip(Create(new ParameterSet(1), 8), Samples.Normal(_random, 3, 4, 31, 1.5), Samples.Normal(_random, 3, 3, 31));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Log_det_equals_the_jacobian(int batch) =>
        FlowChecks.LogDetEqualsJacobian(Create(new ParameterSet(1), 2, bound: 12), BetweenKnots(batch, 5), Samples.Normal(_random, batch, 3, 5));

    [Fact]
    public void Saved_weights_restore_every_bit() => FlowChecks.SavedWeightsRestoreEveryBit(
        parameters => new SplineCoupling(parameters, new WaveNetConfig(2, 6), 4, 3), Samples.Normal(_random, 2, 4, 9), Samples.Normal(_random, 2, 3, 9));

    [Fact]
    public void The_first_half_passes_and_the_second_depends_on_the_condition()
    {
        Tensor x = Samples.Normal(_random, 1, 4, 20), condition = Samples.Normal(_random, 1, 3, 20);
        SplineCoupling flow = Create(new ParameterSet(1), 8);
        var ops = new CpuOps();
        Tensor z = flow.Forward(ops, x, condition, out _), other = flow.Forward(ops, x, Samples.Normal(_random, 1, 3, 20), out _);
        Samples.SameBits(ops.Slice(x, 0, 2).Span, ops.Slice(z, 0, 2).Span, "first half");
        Assert.True(FlowChecks.Distance(z, other) > 0.01);
    }

    [Fact]
    public void Any_chunking_generates_the_same_bits()
    {
        const int Length = 60;
        SplineCoupling flow = Create(new ParameterSet(1), 8);
        Tensor z = Samples.Normal(_random, 1, 4, Length), condition = Samples.Normal(_random, 1, 3, Length);
        FlowChecks.ChunksEqualTheWhole(flow, z, condition);
    }

    [Fact]
    public void Gradients_of_the_likelihood_equal_central_differences()
    {
        var parameters = new ParameterSet(1);
        SplineCoupling flow = Create(parameters, 2, noise: 0.1, bound: 12);
        Tensor x = BetweenKnots(2, 6), condition = Samples.Normal(_random, 2, 3, 6);
        FlowChecks.LikelihoodGradients(parameters, flow, x, condition);
    }

    [Fact]
    public void Odd_channels_are_refused() =>
        Assert.Throws<ArgumentException>(() => new SplineCoupling(new ParameterSet(), new WaveNetConfig(1, 2), 3, 1));
}
