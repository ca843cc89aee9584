using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class ActNormTests
{
    private readonly Tensor _condition = new(1, 1, 6);
    private readonly Random _random = new(1);

    private static ActNorm Trained(int channels)
    {
        var parameters = new ParameterSet();
        var flow = new ActNorm(parameters, channels);
        parameters.Randomize(2, 0.5);
        return flow;
    }

    [Fact]
    public void Round_trip() => FlowChecks.RoundTrip(Trained(7), Samples.Normal(_random, 3, 7, 31), _condition);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Log_det_equals_the_jacobian(int batch) => FlowChecks.LogDetEqualsJacobian(Trained(3), Samples.Normal(_random, batch, 3, 4), _condition);

    [Fact]
    public void Saved_weights_restore_every_bit()
    {
        // Both start as the identity, whatever the seed, and differ once one is trained.
        FlowChecks.SavedWeightsRestoreEveryBit(parameters => new ActNorm(parameters, 5), Samples.Normal(_random, 2, 5, 9), _condition);
    }

    [Fact]
    public void Starts_as_the_identity()
    {
        Tensor x = Samples.Normal(_random, 2, 5, 9), z = new ActNorm(new ParameterSet(), 5).Forward(new CpuOps(), x, _condition, out Tensor logDet);
        Samples.SameBits(x.Span, z.Span, "identity");
        Assert.Equal(0f, logDet.Item);
    }

    [Fact]
    public void Initialised_from_data_gives_zero_mean_and_unit_variance()
    {
        Tensor x = Samples.Normal(_random, 3, 4, 500);
        for (int b = 0; b < 3; b++)
            for (int c = 0; c < 4; c++)
                foreach (ref float v in x.Row(b, c)) v = v * MathF.Pow(10, c - 2) + 3 * c;
        var flow = new ActNorm(new ParameterSet(), 4);
        flow.Initialize(new CpuOps(), x);
        Tensor z = flow.Forward(new CpuOps(), x, _condition, out Tensor logDet);
        double expectedLogDet = 0;
        for (int c = 0; c < 4; c++)
        {
            double[] values = [.. Enumerable.Range(0, 3).SelectMany(b => z.Row(b, c).ToArray().Select(v => (double)v))];
            double mean = values.Average();
            Assert.Equal(0, mean, 1e-4);
            Assert.Equal(1, values.Average(v => (v - mean) * (v - mean)), 1e-4);
            double[] inputs = [.. Enumerable.Range(0, 3).SelectMany(b => x.Row(b, c).ToArray().Select(v => (double)v))];
            double inputMean = inputs.Average();
            expectedLogDet -= 1500 * 0.5 * Math.Log(inputs.Average(v => (v - inputMean) * (v - inputMean)));
        }
        Assert.Equal(expectedLogDet, logDet.Item, 1e-4 * Math.Abs(expectedLogDet));
    }

    [Fact]
    public void Silence_does_not_break_the_initialisation()
    {
        Tensor x = new(1, 2, 50);
        var flow = new ActNorm(new ParameterSet(), 2);
        flow.Initialize(new CpuOps(), x);
        Tensor z = flow.Forward(new CpuOps(), x, _condition, out Tensor logDet);
        Assert.All(z.Span.ToArray(), v => Assert.Equal(0f, v));
        Assert.True(float.IsFinite(logDet.Item));
    }
}
