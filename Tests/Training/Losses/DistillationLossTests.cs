using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Tests.Training.Losses;

public class DistillationLossTests
{
    private static Tensor Of(params float[] values) => Tensor.From(values, 1, 1, values.Length);

    private static double Kl(double muQ, double sQ, double muP, double sP) =>
        Math.Log(sP / sQ) + (sQ * sQ + (muP - muQ) * (muP - muQ)) / (2 * sP * sP) - 0.5;

    private static (double Loss, double Divergence) Gaussian(GaussianKl kl, float[] muQ, float[] logQ, float[] muP, float[] logP)
    {
        double loss = kl.Apply(new CpuOps(), Of(muQ), Of(logQ), Of(muP), Of(logP), out double divergence).Item;
        return (loss, divergence);
    }

    [Fact]
    public void The_closed_form_is_the_divergence_of_two_normal_distributions()
    {
        // KL(N(1, 0.5²) ‖ N(0, 2²)) = ln 4 + 1.25/8 - 0.5 = 1.04254; of equal distributions it is 0.
        double log2 = Math.Log(2);
        var (loss, divergence) = Gaussian(new GaussianKl(Regularization: 0), [1, 3], [(float)-log2, 0.7f], [0, 3], [(float)log2, 0.7f]);
        Assert.Equal(1.0425444 / 2, divergence, 1e-6);
        Assert.Equal(divergence, loss, 1e-6);
        Assert.Equal(1.0425444, Kl(1, 0.5, 0, 2), 1e-6);
        // λ = 4 times (ln 2 + ln 2)², shared by the two samples.
        Assert.Equal(1.0425444 / 2 + 4 * (2 * log2) * (2 * log2) / 2,
            Gaussian(new GaussianKl(), [1, 3], [(float)-log2, 0.7f], [0, 3], [(float)log2, 0.7f]).Loss, 1e-5);
    }

    [Fact]
    public void The_closed_form_bounds_log_sigma_and_the_divergence_but_not_the_regulariser()
    {
        // log σ of -9 counts as -6: equal widths, means 0.002 apart: (0.002·e⁶)²/2 = 0.32551.
        double expected = 0.002 * 0.002 * Math.Exp(12) / 2;
        Assert.Equal(expected, Gaussian(new GaussianKl(Regularization: 0), [0.002f], [-9], [0], [-8]).Divergence, 1e-5);
        Assert.Equal(expected + 4 * 1, Gaussian(new GaussianKl(), [0.002f], [-9], [0], [-8]).Loss, 1e-4);
        // ½e¹² for one sample counts as 10; what is told is the truth.
        var (loss, divergence) = Gaussian(new GaussianKl(Regularization: 0), [1], [-6], [0], [-6]);
        Assert.Equal(10, loss, 1e-5);
        Assert.Equal(Math.Exp(12) / 2, divergence, 1);
    }

    [Fact]
    public void The_closed_form_has_the_right_gradient()
    {
        var random = new Random(4);
        Tensor Draw(double scale) => Samples.Normal(random, 2, 1, 6, scale);
        GradientCheck.Run((ops, i) => new GaussianKl().Apply(ops, i[0], i[1], i[2], i[3], out _), Draw(0.5), Draw(0.3), Draw(0.5), Draw(0.3));
    }

    [Fact]
    public void The_estimate_is_the_difference_of_the_densities()
    {
        var ops = new CpuOps();
        // Four samples: z = (1, 2) and (0, -1) with log |det dx/dz| = 0.6: log q + ½ log 2π·4 = -½·6 - 0.6, by four samples -0.9.
        Tensor logQ = MonteCarloKl.LogDensity(ops, [Of(1, 2), Of(0, -1)], Of(0.6f), 4);
        Assert.Equal(-0.9, logQ.Item, 1e-6);
        // The teacher finds z = (1, 1, 1, 1) and log-determinants 0.5 and -0.1: -½·4 + 0.4, by four -0.4.
        Tensor logP = MonteCarloKl.LogDensity(ops, new FlowResult([Of(1, 1, 1, 1)], [("a", Of(0.5f)), ("b", Of(-0.1f))]), 4);
        Assert.Equal(-0.4, logP.Item, 1e-6);
        Assert.Equal(-0.5, MonteCarloKl.Apply(ops, logQ, logP).Item, 1e-6);
    }

    [Fact]
    public void The_estimate_is_on_average_the_closed_form()
    {
        // q = N(0.4, 0.7²) and p = N(-0.2, 1.3²), each an affine flow of one sample.
        const double muQ = 0.4, sQ = 0.7, muP = -0.2, sP = 1.3;
        const int count = 200_000;
        Tensor z = Samples.Normal(new Random(5), 1, 1, count), scored = new(1, 1, count);
        for (int i = 0; i < count; i++) scored.Span[i] = (float)((z.Span[i] * sQ + muQ - muP) / sP);
        var ops = new CpuOps();
        Tensor logQ = MonteCarloKl.LogDensity(ops, [z], Of((float)(count * Math.Log(sQ))), count);
        Tensor logP = MonteCarloKl.LogDensity(ops, new FlowResult([scored], [("p", Of((float)(-count * Math.Log(sP))))]), count);
        // The difference has a deviation of about 0.6 a sample: 0.0014 of the mean.
        Assert.Equal(Kl(muQ, sQ, muP, sP), MonteCarloKl.Apply(ops, logQ, logP).Item, 0.006);
    }
}
