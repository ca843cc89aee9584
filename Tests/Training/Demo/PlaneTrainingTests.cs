using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training.Demo;
using FlowVocoder.Training.Optimization;

namespace FlowVocoder.Tests.Training.Demo;

public class PlaneTrainingTests
{
    private const ulong Seed = 1;
    private static readonly Tensor s_test = PlaneTraining.TestPoints(Seed, 4000);

    // A flow that does nothing has -2.84 nats, the best Gaussian -2.73, and the density itself -1.84.
    [Theory]
    [InlineData("leaky-relu", 400, -2.4)]
    [InlineData("piecewise-linear", 200, -2.3)]
    [InlineData("spline", 150, -2.1)]
    [InlineData("revnet", 200, -2.3)]
    [InlineData("realnvp", 200, -2.2)]
    [InlineData("glow", 200, -2.2)]
    [InlineData("spline-coupling", 100, -2.05)]
    [InlineData("maf", 200, -2.25)]
    [InlineData("iaf", 600, -2.4)]
    [InlineData("residual", 150, -2.3)]
    [InlineData("continuous", 250, -2.2)]
    public void Every_flow_learns_two_moons(string name, int steps, double bar)
    {
        PlaneModel model = PlaneTraining.Train(PlaneFlow.ByName(name), steps, Seed);
        Assert.InRange(model.LogLikelihood(s_test), bar, PlaneTraining.TrueLogLikelihood(s_test) + 0.01);
        Assert.True(PlaneTraining.NormalLogLikelihood(s_test) < bar - 0.4);
        // And it generates them: 98 % of the data, but 47 % of normal points, have a density above e⁻⁴.
        Tensor samples = model.ToData(PlaneTraining.Noise(Seed, 2000));
        Assert.InRange(TwoMoons.LogDensity(new CpuOps(), samples).Span.ToArray().Count(l => l > -4) / 2000.0, 0.7, 1);
    }

    [Fact]
    public void A_linear_flow_learns_the_covariance_and_no_more()
    {
        // The moons differ in mean by (1, 1/2 - 4/π) and have no correlation of their own.
        double correlation = -(2 / Math.PI - 0.25) / 2 / Math.Sqrt((0.75 + 0.01) * (0.5 - 1 / Math.PI + 0.0625 + 0.01));
        double best = -Math.Log(2 * Math.PI) - 1 - 0.5 * Math.Log(1 - correlation * correlation);
        Tensor test = PlaneTraining.TestPoints(Seed, 50_000);
        double nats = PlaneTraining.Train(PlaneFlow.ByName("linear"), 400, Seed).LogLikelihood(test);
        Assert.Equal(best, nats, 0.01);
        Assert.True(PlaneTraining.NormalLogLikelihood(test) < nats - 0.09);
    }

    [Fact]
    public void A_multi_scale_split_learns_the_density_of_pairs()
    {
        // Two points at once, one of each moon, are four channels, of which two leave half way.
        var parameters = new ParameterSet(Seed);
        var stack = new FlowStack(parameters, new FlowStackConfig(4, 8, 4, 2, new WaveNetConfig(1, 24, 1), 0, ActNorm: true, Lu: true, LogScaleClamp: 3));
        Assert.Equal([2, 2], stack.LatentChannels);
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        var adam = new Adam(parameters, new AdamConfig(ClipNorm: 10));
        Tensor Loss(Ops o, Tensor points)
        {
            Tensor x = o.Fold(points, 2), z = stack.Forward(o, x, Flow.NoCondition(x), out Tensor logDet);
            return o.Scale(o.Add(o.Scale(o.SumSquares(z), 0.5f), o.Scale(logDet, -1f)), 1f / points.Length);
        }
        stack.Initialize(new CpuOps(), new CpuOps().Fold(TwoMoons.Points(Seed, 1, 0, 512), 2), new Tensor(1, 0, 256));
        for (int step = 0; step < 150; step++)
        {
            tape.Backward(Loss(ops, TwoMoons.Points(Seed, 1, 512 * step, 512)));
            adam.Step(0.01, adam.GradientNorm());
            adam.ClearGradients();
            ops.Reset();
        }
        double nats = -Loss(new CpuOps(), s_test).Item - Math.Log(2 * Math.PI);
        // To know the moon of a point is worth log 2.
        Assert.InRange(nats, -1.7, PlaneTraining.TrueLogLikelihood(s_test) + Math.Log(2) + 0.01);
    }

    [Fact]
    public void The_divergence_of_the_identity_is_that_of_a_normal_from_the_density()
    {
        var model = new PlaneModel(PlaneFlow.ByName("iaf"), Seed);
        Tensor noise = PlaneTraining.Noise(Seed, 300);
        var ops = new CpuOps();
        double normal = PlaneTraining.NormalLogLikelihood(noise), density = PlaneTraining.TrueLogLikelihood(noise);
        // Eight flows that start as the identity, and as many swaps.
        Assert.Equal(normal - density, PlaneTraining.Divergence(ops, model, noise, 1f).Item, 1e-3);
        Assert.Equal(normal - 0.25 * density, PlaneTraining.Divergence(ops, model, noise, 0.25f).Item, 1e-3);
        Assert.True(normal - density > 1);
    }

    [Fact]
    public void A_seed_repeats_a_training_bit_for_bit_with_any_number_of_threads()
    {
        float[] Weights(ulong seed, int threads)
        {
            var losses = new List<double>();
            PlaneModel model = PlaneTraining.Train(PlaneFlow.ByName("residual"), 5, seed, new Parallelism(threads), (step, loss) =>
            {
                Assert.Equal(losses.Count + 1, step);
                losses.Add(loss);
            });
            Assert.Equal(5, losses.Count);
            return [.. model.Parameters.Items.SelectMany(p => p.Value.Span.ToArray())];
        }
        float[] first = Weights(1, 1);
        Samples.SameBits(first, Weights(1, 3), "weights");
        Assert.NotEqual(first, Weights(2, 1));
    }

    [Fact]
    public void It_can_be_stopped()
    {
        using var stop = new CancellationTokenSource();
        int last = 0;
        void Progress(int step, double loss)
        {
            last = step;
            if (step == 3) stop.Cancel();
        }
        Assert.Throws<OperationCanceledException>(() => PlaneTraining.Train(PlaneFlow.ByName("linear"), 1000, Seed, progress: Progress,
            cancellation: stop.Token));
        Assert.Equal(3, last);
    }
}
