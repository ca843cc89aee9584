using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class AffineCouplingTests
{
    private readonly Random _random = new(1);

    private static AffineCoupling Create(ParameterSet parameters, float clamp, bool causal = true, int channels = 4, double noise = 0.2)
    {
        var flow = new AffineCoupling(parameters, new WaveNetConfig(2, 6, 3, causal), channels, 3, clamp);
        parameters.Randomize(2, noise);
        return flow;
    }

    [Fact]
    public void Starts_as_the_identity()
    {
        Tensor x = Samples.Normal(_random, 2, 4, 9), condition = Samples.Normal(_random, 2, 3, 9);
        var flow = new AffineCoupling(new ParameterSet(), new WaveNetConfig(2, 6), 4, 3);
        Samples.SameBits(x.Span, flow.Forward(new CpuOps(), x, condition, out Tensor logDet).Span, "identity");
        Assert.Equal(0f, logDet.Item);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(0, false)]
    [InlineData(1.5f, true)]
    public void Round_trip(float clamp, bool causal) =>
        FlowChecks.RoundTrip(Create(new ParameterSet(1), clamp, causal), Samples.Normal(_random, 3, 4, 31), Samples.Normal(_random, 3, 3, 31));

    [Theory]
    [InlineData(0, true, 1)]
    [InlineData(0, false, 2)]
    [InlineData(1.5f, true, 1)]
    public void Log_det_equals_the_jacobian(float clamp, bool causal, int batch) => FlowChecks.LogDetEqualsJacobian(
        Create(new ParameterSet(1), clamp, causal, noise: 0.4), Samples.Normal(_random, batch, 4, 5), Samples.Normal(_random, batch, 3, 5));

    [Theory]
    [InlineData(0)]
    [InlineData(1.5f)]
    public void Saved_weights_restore_every_bit(float clamp) => FlowChecks.SavedWeightsRestoreEveryBit(
        parameters => new AffineCoupling(parameters, new WaveNetConfig(2, 6), 4, 3, clamp), Samples.Normal(_random, 2, 4, 9), Samples.Normal(_random, 2, 3, 9));

    [Fact]
    public void The_first_half_passes_and_the_second_depends_on_the_condition()
    {
        Tensor x = Samples.Normal(_random, 1, 4, 20), condition = Samples.Normal(_random, 1, 3, 20);
        AffineCoupling flow = Create(new ParameterSet(1), 0);
        var ops = new CpuOps();
        Tensor z = flow.Forward(ops, x, condition, out _), other = flow.Forward(ops, x, Samples.Normal(_random, 1, 3, 20), out _);
        Samples.SameBits(ops.Slice(x, 0, 2).Span, ops.Slice(z, 0, 2).Span, "first half");
        Assert.True(FlowChecks.Distance(z, other) > 0.01);
    }

    [Fact]
    public void A_clamp_bounds_the_log_scale_however_large_the_weights()
    {
        const float Clamp = 0.7f;
        var parameters = new ParameterSet(1);
        AffineCoupling flow = Create(parameters, Clamp);
        Parameter end = parameters.Items.Single(p => p.Name == "end.weight");
        for (int i = 0; i < end.Value.Size; i++) end.Value.Span[i] *= 1000;
        end.Value.MarkChanged();
        Tensor x = Samples.Normal(_random, 1, 4, 40), condition = Samples.Normal(_random, 1, 3, 40);
        var ops = new CpuOps();
        // The difference of two inputs that agree in the first half is scaled by exp(logScale) alone.
        Tensor shifted = Tensor.From(x.Span, 1, 4, 40);
        for (int c = 2; c < 4; c++)
            foreach (ref float v in shifted.Row(0, c)) v += 64;
        Tensor a = flow.Forward(ops, x, condition, out Tensor logDet), b = flow.Forward(ops, shifted, condition, out _);
        var logScales = new List<double>();
        for (int c = 2; c < 4; c++)
            for (int t = 0; t < 40; t++) logScales.Add(Math.Log((b.Row(0, c)[t] - a.Row(0, c)[t]) / 64.0));
        Assert.All(logScales, s => Assert.InRange(s, -Clamp - 1e-3, Clamp + 1e-3));
        Assert.True(logScales.Max(Math.Abs) > 0.9 * Clamp, "the bound was never approached");
        Assert.Equal(logScales.Sum(), logDet.Item, 0.05);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1.5f)]
    public void Gradients_of_the_likelihood_equal_central_differences(float clamp)
    {
        var parameters = new ParameterSet(1);
        AffineCoupling flow = Create(parameters, clamp);
        Tensor x = Samples.Normal(_random, 2, 4, 6), condition = Samples.Normal(_random, 2, 3, 6);
        FlowChecks.ParameterGradients(parameters, ops =>
        {
            Tensor z = flow.Forward(ops, x, condition, out Tensor logDet);
            return ops.Add(ops.Scale(ops.SumSquares(z), 0.05f), ops.Scale(logDet, -0.1f));
        });
    }

    [Fact]
    public void Odd_channels_are_refused() =>
        Assert.Throws<ArgumentException>(() => new AffineCoupling(new ParameterSet(), new WaveNetConfig(1, 2), 3, 1));
}
