using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class HarmonicShiftTests
{
    private const int Group = 4, Signals = 3, Channels = 5, Steps = 6;
    private readonly Random _random = new(1);

    private (HarmonicShift Flow, ParameterSet Parameters) Create()
    {
        var parameters = new ParameterSet(1);
        return (new HarmonicShift(parameters, Signals, Group, Channels), parameters);
    }

    [Fact]
    public void Adds_each_signal_at_the_amplitude_of_its_step_and_takes_it_out_again()
    {
        var (flow, parameters) = Create();
        parameters.Randomize(3);
        Tensor e = Samples.Normal(_random, 2, Group, Steps), condition = Samples.Normal(_random, 2, Channels + flow.SignalChannels, Steps);
        var ops = new CpuOps();
        Tensor x = flow.Inverse(ops, e, condition, out Tensor logDet);
        Assert.Equal(0, logDet.Item);
        Tensor weight = parameters.Items.Single(p => p.Name == "weight").Value, bias = parameters.Items.Single(p => p.Name == "bias").Value;
        for (int b = 0; b < 2; b++)
            for (int t = 0; t < Steps; t++)
                for (int p = 0; p < Group; p++)
                {
                    double expected = e.Row(b, p)[t];
                    for (int j = 0; j < Signals; j++)
                    {
                        double amplitude = bias.Span[j];
                        for (int c = 0; c < Channels; c++) amplitude += weight.Row(j, c)[0] * condition.Row(b, c)[t];
                        expected += amplitude * condition.Row(b, Channels + j * Group + p)[t];
                    }
                    Assert.Equal(expected, x.Row(b, p)[t], 1e-5);
                }
        Tensor back = flow.Forward(ops, x, condition, out Tensor forward);
        Assert.Equal(0, forward.Item);
        for (int i = 0; i < e.Size; i++) Assert.Equal(e.Span[i], back.Span[i], 1e-5f);
    }

    [Fact]
    public void Is_the_identity_at_first_and_gradients_reach_its_amplitudes()
    {
        var (flow, parameters) = Create();
        Tensor e = Samples.Normal(_random, 1, Group, Steps), condition = Samples.Normal(_random, 1, Channels + flow.SignalChannels, Steps);
        Samples.SameBits(e.Span, flow.Inverse(new CpuOps(), e, condition).Span, "identity");
        GradientCheck.Run((ops, _) => flow.Inverse(ops, e, condition), [.. parameters.Randomize(4).Items.Select(p => p.Value)]);
    }
}
