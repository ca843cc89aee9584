using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class HarmonicShiftTests
{
    private const int Group = 4, Signals = 3, Channels = 5, Steps = 6;
    private readonly Random _random = new(1);

    private static (HarmonicShift Flow, ParameterSet Parameters) Create()
    {
        var parameters = new ParameterSet(1);
        return (new HarmonicShift(parameters, Signals, Group, Channels), parameters);
    }

    private FlowCondition Condition(int batch) => new(Samples.Normal(_random, batch, Channels, Steps), Samples.Normal(_random, batch, Signals, Steps * Group));

    [Fact]
    public void Adds_each_signal_at_the_amplitude_of_its_step_and_takes_it_out_again()
    {
        var (flow, parameters) = Create();
        parameters.Randomize(3);
        Tensor e = Samples.Normal(_random, 2, Group, Steps);
        FlowCondition condition = Condition(2);
        var ops = new CpuOps();
        Tensor x = flow.Inverse(ops, e, condition), back = flow.Forward(ops, x, condition);
        Tensor weight = parameters.Items.Single(p => p.Name == "weight").Value, bias = parameters.Items.Single(p => p.Name == "bias").Value;
        for (int b = 0; b < 2; b++)
            for (int t = 0; t < Steps; t++)
                for (int p = 0; p < Group; p++)
                {
                    double expected = e.Row(b, p)[t];
                    for (int j = 0; j < Signals; j++)
                    {
                        double amplitude = bias.Span[j];
                        for (int c = 0; c < Channels; c++) amplitude += weight.Row(j, c)[0] * condition.Features.Row(b, c)[t];
                        expected += amplitude * condition.Signals!.Row(b, j)[t * Group + p];
                    }
                    Assert.Equal(expected, x.Row(b, p)[t], 1e-5);
                    Assert.Equal(e.Row(b, p)[t], back.Row(b, p)[t], 1e-5);
                }
    }

    [Fact]
    public void Is_the_identity_at_first_and_gradients_reach_its_amplitudes()
    {
        var (flow, parameters) = Create();
        Tensor e = Samples.Normal(_random, 1, Group, Steps);
        FlowCondition condition = Condition(1);
        Samples.SameBits(e.Span, flow.Inverse(new CpuOps(), e, condition).Span, "identity");
        GradientCheck.Run((ops, _) => flow.Inverse(ops, e, condition), [.. parameters.Randomize(4).Items.Select(p => p.Value)]);
    }

    [Fact]
    public void Signals_that_are_not_there_are_told() =>
        Assert.Contains("a condition of 0 signals, expected 3", Assert.Throws<ArgumentException>(
            () => Create().Flow.Inverse(new CpuOps(), new Tensor(1, Group, Steps), new Tensor(1, Channels, Steps))).Message, StringComparison.Ordinal);
}
