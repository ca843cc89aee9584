using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Flows;
using FlowVocoder.Training.Demo;

namespace FlowVocoder.Tests.Training.Demo;

public class PlaneModelTests
{
    public static TheoryData<string> Names => [.. PlaneFlow.All.Select(flow => flow.Name)];

    // Not trained, but bent: every layer moved from the identity by some noise.
    private static PlaneModel Bent(string name)
    {
        var model = new PlaneModel(PlaneFlow.ByName(name), seed: 3);
        // A continuous flow is one layer, where the others have many.
        model.Parameters.Randomize(4, name == "continuous" ? 0.4 : 0.1);
        model.EvaluateExactly();
        // Leaky ReLUs alone do not begin at the identity.
        foreach (Parameter slope in model.Parameters.Items.Where(p => p.Name.EndsWith("log_slope", StringComparison.Ordinal)))
        {
            foreach (ref float value in slope.Value.Span) value += MathF.Log(2);
            slope.Value.MarkChanged();
        }
        return model;
    }

    [Theory, MemberData(nameof(Names))]
    public void Data_and_latent_points_belong_together(string name)
    {
        PlaneModel model = Bent(name);
        // More than one chunk, and a last one that is short.
        Tensor points = TwoMoons.Points(1, 0, 0, 5000), latent = model.ToLatent(points);
        Assert.True(FlowChecks.Distance(points, latent) > 0.05, "the flow is the identity");
        Assert.InRange(FlowChecks.Distance(points, model.ToData(latent)), 0, 5e-4);
        Tensor alone = model.ToLatent(new CpuOps().Crop(points, 4990, 10));
        for (int c = 0; c < 2; c++) Samples.SameBits(latent.Row(0, c)[4990..], alone.Row(0, c), "points without their neighbours");
    }

    [Theory, MemberData(nameof(Names))]
    public void The_density_by_patches_is_that_of_the_log_determinant_and_integrates_to_one(string name)
    {
        const int squares = 200;
        const double extent = 7, side = 2 * extent / squares;
        PlaneModel model = Bent(name);
        float[] density = model.Density(extent, squares);
        Assert.Equal(1, density.Sum(p => (double)p) * side * side, 0.02);
        double difference = 0, sum = 0;
        for (int i = 0; i < density.Length; i += 7)
        {
            if (density[i] < 0.02) continue;
            var middle = Tensor.From([(float)((i % squares + 0.5) * side - extent), (float)((i / squares + 0.5) * side - extent)], 1, 2, 1);
            difference += Math.Abs(density[i] - Math.Exp(model.LogLikelihood(middle)));
            sum += density[i];
        }
        // A patch is the mean over a square, and the density of splines has edges, that of straight lines steps.
        Assert.InRange(difference, 0, (name is "leaky-relu" or "piecewise-linear" ? 0.05 : 0.02) * sum);
    }

    [Fact]
    public void Likelihood_is_the_mean_over_points()
    {
        PlaneModel model = Bent("realnvp");
        Tensor points = TwoMoons.Points(1, 0, 0, 4200);
        double sum = 0;
        for (int i = 0; i < 4200; i += 100) sum += 100 * model.LogLikelihood(new CpuOps().Crop(points, i, 100));
        Assert.Equal(sum / 4200, model.LogLikelihood(points), 1e-4);
    }

    [Fact]
    public void Names_are_distinct_and_an_unknown_one_is_refused_with_those_there_are()
    {
        Assert.Equal(PlaneFlow.All.Count, PlaneFlow.All.Select(flow => flow.Name).Distinct().Count());
        var e = Assert.Throws<VocoderException>(() => PlaneFlow.ByName("nice"));
        Assert.Contains("'nice'", e.Message, StringComparison.Ordinal);
        Assert.All(PlaneFlow.All, flow => Assert.Contains(flow.Name, e.Message, StringComparison.Ordinal));
    }
}
