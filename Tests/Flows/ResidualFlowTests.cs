using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;
using MathNet.Numerics.LinearAlgebra;

namespace FlowVocoder.Tests.Flows;

public class ResidualFlowTests
{
    private static readonly ResidualConfig s_config = new(3, 8, HiddenLayers: 1, ConditionChannels: 2);
    private readonly Random _random = new(1);
    private readonly Tensor _condition = Samples.Normal(new Random(2), 2, 2, 12);

    // Weights so large that the spectral norms are at their bound. Random layers nearly cancel each other; the last of two is the first transposed, up to
    // its sign and some noise, so that the Jacobian has an eigenvalue that is nearly that bound.
    private static ResidualFlow Create(ParameterSet parameters, ResidualConfig config, bool exact = true)
    {
        var flow = new ResidualFlow(parameters, config) { Exact = exact };
        parameters.Randomize(2, 0.3);
        if (config.HiddenLayers > 1) return flow;
        Tensor first = parameters.Items.Single(p => p.Name == "layers.0.weight").Value, last = parameters.Items.Single(p => p.Name == "layers.1.weight").Value;
        for (int i = 0; i < config.Channels; i++)
            for (int j = 0; j < config.Hidden; j++) last.Span[i * config.Hidden + j] -= 2 * first.Span[j * config.Channels + i];
        last.MarkChanged();
        return flow;
    }

    private static double LogDet(ResidualFlow flow, Tensor x, Tensor condition)
    {
        flow.Forward(new CpuOps(), x, condition, out Tensor logDet);
        return logDet.Item;
    }

    [Theory]
    [InlineData(0.5f, 1)]
    [InlineData(0.9f, 2)]
    [InlineData(0.98f, 3)]
    public void Round_trip(float contraction, int layers) => FlowChecks.RoundTrip(
        Create(new ParameterSet(1), s_config with { Contraction = contraction, HiddenLayers = layers }), Samples.Normal(_random, 2, 3, 12), _condition);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_exact_log_det_equals_the_jacobian(int batch) => FlowChecks.LogDetEqualsJacobian(
        Create(new ParameterSet(1), s_config), Samples.Normal(_random, batch, 3, 4), Samples.Normal(_random, batch, 2, 4));

    [Fact]
    public void Saved_weights_restore_every_bit() => FlowChecks.SavedWeightsRestoreEveryBit(
        parameters => new ResidualFlow(parameters, s_config) { Exact = true }, Samples.Normal(_random, 2, 3, 12), _condition);

    [Fact]
    public void Any_chunking_generates_the_same_bits() =>
        FlowChecks.ChunksEqualTheWhole(Create(new ParameterSet(1), s_config), Samples.Normal(_random, 1, 3, 40), Samples.Normal(_random, 1, 2, 40));

    [Fact]
    public void Starts_as_the_identity()
    {
        Tensor x = Samples.Normal(_random, 2, 3, 12);
        var flow = new ResidualFlow(new ParameterSet(1), s_config);
        Samples.SameBits(x.Span, flow.Forward(new CpuOps(), x, _condition, out Tensor logDet).Span, "identity");
        Assert.Equal(0f, logDet.Item);
    }

    [Fact]
    public void The_residual_contracts_and_nearly_uses_its_bound()
    {
        const float Bound = 0.8f;
        ResidualFlow flow = Create(new ParameterSet(1), s_config with { Contraction = Bound, HiddenLayers = 1 });
        Tensor condition = Samples.Normal(_random, 1, 2, 2000);
        // Steps are pairs of points, near and far: ‖g(a) - g(b)‖ ≤ c·‖a - b‖ with g(x) = z - x.
        Tensor a = Samples.Normal(_random, 1, 3, 2000, 2), b = Samples.Normal(_random, 1, 3, 2000);
        for (int c = 0; c < 3; c++)
            for (int t = 0; t < 2000; t++) b.Row(0, c)[t] = a.Row(0, c)[t] + b.Row(0, c)[t] * (t % 2 == 0 ? 0.05f : 1f);
        var ops = new CpuOps();
        Tensor za = flow.Forward(ops, a, condition, out _), zb = flow.Forward(ops, b, condition, out _);
        double most = 0;
        for (int t = 0; t < 2000; t++)
        {
            double distance = 0, moved = 0;
            for (int c = 0; c < 3; c++)
            {
                double d = b.Row(0, c)[t] - (double)a.Row(0, c)[t], e = zb.Row(0, c)[t] - (double)za.Row(0, c)[t] - d;
                distance += d * d;
                moved += e * e;
            }
            most = Math.Max(most, Math.Sqrt(moved / distance));
        }
        Assert.InRange(most, 0.4 * Bound, 1.001 * Bound);
    }

    [Fact]
    public void The_mean_of_the_estimates_is_the_exact_log_det_with_roulette()
    {
        // Two certain terms alone would be off by far more than the standard error.
        ResidualConfig config = s_config with { Terms = 2, Roulette = 0.6f };
        ResidualFlow flow = Create(new ParameterSet(1), config);
        Tensor x = Samples.Normal(_random, 1, 3, 12), condition = Samples.Normal(_random, 1, 2, 12);
        double exact = LogDet(flow, x, condition);
        flow.Exact = false;
        double[] estimates = [.. Enumerable.Range(0, 20_000).Select(_ => LogDet(flow, x, condition))];
        double mean = estimates.Average(), error = Math.Sqrt(estimates.Average(e => (e - mean) * (e - mean)) / estimates.Length);
        ResidualFlow cut = Create(new ParameterSet(1), config with { Roulette = 0 }, exact: false);
        double truncated = Enumerable.Range(0, 2000).Average(_ => LogDet(cut, x, condition));
        Assert.True(Math.Abs(truncated - exact) > 8 * error, $"cut {truncated}, exact {exact}, standard error {error}");
        Assert.InRange(Math.Abs(mean - exact), 0, 4 * error);
        Assert.Equal(0, config.BiasBound);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void The_mean_of_cut_estimates_is_the_sum_of_its_traces_and_its_bias_within_the_bound(int terms)
    {
        ResidualConfig config = s_config with { Terms = terms };
        ResidualFlow flow = Create(new ParameterSet(1), config);
        Tensor x = Samples.Normal(_random, 1, 3, 1), condition = Samples.Normal(_random, 1, 2, 1);
        double exact = LogDet(flow, x, condition), expected = 0;
        Matrix<double> jacobian = Jacobian(flow, x, condition), power = Matrix<double>.Build.DenseIdentity(3);
        for (int k = 1; k <= terms; k++)
        {
            power *= jacobian;
            expected += (k % 2 == 1 ? 1 : -1) * power.Trace() / k;
        }
        // Eight vectors of three signs are all there are: among enough draws they come equally often.
        flow.Exact = false;
        double[] estimates = [.. Enumerable.Range(0, 8000).Select(_ => LogDet(flow, x, condition))];
        double error = Math.Sqrt(estimates.Average(e => (e - expected) * (e - expected)) / estimates.Length);
        Assert.InRange(Math.Abs(estimates.Average() - expected), 0, 4 * error + 1e-4);
        Assert.InRange(Math.Abs(expected - exact), 1e-4, config.BiasBound);
    }

    // The Jacobian of g at one step by central differences.
    private static Matrix<double> Jacobian(ResidualFlow flow, Tensor x, Tensor condition)
    {
        const float Step = 1f / 64;
        var jacobian = Matrix<double>.Build.Dense(3, 3);
        for (int j = 0; j < 3; j++)
        {
            float[] At(float change)
            {
                Tensor moved = Tensor.From(x.Span, 1, 3, 1);
                moved.Span[j] += change;
                return flow.Forward(new CpuOps(), moved, condition, out _).Span.ToArray();
            }
            float[] plus = At(Step), minus = At(-Step);
            for (int i = 0; i < 3; i++) jacobian[i, j] = (plus[i] - (double)minus[i]) / (2 * Step) - (i == j ? 1 : 0);
        }
        return jacobian;
    }

    [Fact]
    public void Bias_bound_and_iterations_are_those_of_the_formulas()
    {
        // -2·(ln 0.5 + 0.5) and -2·(ln 0.5 + 0.5 + 0.25/2); 0.5^21 / 0.5 < 1e-6 < 0.5^20 / 0.5.
        ResidualConfig config = new(2, 4, Contraction: 0.5f, Terms: 1);
        Assert.Equal(0.386294, config.BiasBound, 1e-5);
        Assert.Equal(0.136294, (config with { Terms = 2 }).BiasBound, 1e-5);
        Assert.Equal(21, config.Iterations);
    }

    [Fact]
    public void Gradients_of_the_exact_likelihood_equal_central_differences()
    {
        var parameters = new ParameterSet(1);
        ResidualFlow flow = Create(parameters, s_config with { Channels = 2, Hidden = 4, ConditionChannels = 0 });
        Tensor x = Samples.Normal(_random, 2, 2, 5);
        FlowChecks.LikelihoodGradients(parameters, flow, x);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.7f)]
    public void Gradients_of_the_estimated_likelihood_equal_central_differences_with_the_same_signs(float roulette)
    {
        var parameters = new ParameterSet(1);
        ResidualFlow flow = Create(parameters, s_config with { Channels = 2, Hidden = 4, Terms = 3, Roulette = roulette }, exact: false);
        Tensor x = Samples.Normal(_random, 2, 2, 5), condition = Samples.Normal(_random, 2, 2, 5);
        FlowChecks.ParameterGradients(parameters, ops =>
        {
            flow.Draws = 3;
            Tensor z = flow.Forward(ops, x, condition, out Tensor logDet);
            return ops.Add(ops.Scale(ops.SumSquares(z), 0.05f), ops.Scale(logDet, -0.1f));
        });
    }

    [Fact]
    public void Every_estimate_draws_new_signs_and_a_seed_repeats_them()
    {
        Tensor x = Samples.Normal(_random, 2, 3, 12);
        double[] Estimates(ulong seed)
        {
            ResidualFlow flow = Create(new ParameterSet(1), s_config with { Seed = seed }, exact: false);
            return [.. Enumerable.Range(0, 3).Select(_ => LogDet(flow, x, _condition))];
        }
        double[] first = Estimates(5);
        Assert.Equal(3, first.Distinct().Count());
        Assert.Equal(first, Estimates(5));
        Assert.NotEqual(first, Estimates(6));
    }

    [Fact]
    public void Settings_out_of_range_are_refused()
    {
        ResidualConfig[] wrong =
        [
            s_config with { Contraction = 1 }, s_config with { Contraction = 0 }, s_config with { Contraction = float.NaN }, s_config with { Roulette = 1 },
            s_config with { Roulette = -0.1f }, s_config with { Terms = 0 }, s_config with { HiddenLayers = 0 }, s_config with { Channels = 0 },
        ];
        foreach (ResidualConfig config in wrong) Assert.Throws<ArgumentException>(() => new ResidualFlow(new ParameterSet(), config));
    }
}
