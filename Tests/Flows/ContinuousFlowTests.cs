using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class ContinuousFlowTests
{
    private static readonly OdeSolver s_rk4 = new(OdeMethod.Rk4, 8);

    private static (ContinuousFlow Flow, ParameterSet Parameters) Create(OdeSolver solver, int channels = 2, int condition = 3, bool causal = false)
    {
        var parameters = new ParameterSet(1);
        var flow = new ContinuousFlow(parameters, new WaveNetConfig(2, 6, 3, causal), channels, condition, solver) { Exact = true };
        parameters.Randomize(3, 0.3);
        return (flow, parameters);
    }

    private static Tensor Normal(int seed, int batch, int channels, int length) => Samples.Normal(new Random(seed), batch, channels, length);

    [Theory, InlineData(false), InlineData(true)]
    public void The_determinant_is_that_of_the_numerical_jacobian(bool causal)
    {
        var (flow, parameters) = Create(new OdeSolver(OdeMethod.Rk4, 16), causal: causal);
        parameters.Randomize(4, 0.45);
        FlowChecks.LogDetEqualsJacobian(flow, Normal(1, 1, 2, 6), Normal(2, 1, 3, 6));
    }

    [Theory]
    [InlineData("euler", 256, 1e-2), InlineData("midpoint", 32, 1e-3), InlineData("rk4", 32, 1e-4), InlineData("rk4-38", 32, 1e-4)]
    public void There_and_back_again(string method, int steps, double most)
    {
        var (flow, _) = Create(new OdeSolver(OdeMethod.ByName(method), steps));
        Tensor x = Normal(1, 2, 2, 40), condition = Normal(2, 2, 3, 40), z = flow.Forward(new CpuOps(), x, condition, out _);
        Assert.True(FlowChecks.Distance(x, z) > 0.3);
        Assert.InRange(FlowChecks.Distance(x, flow.Inverse(new CpuOps(), z, condition)), 0, most);
        var ops = new CpuOps();
        Tensor back = flow.Inverse(ops, z, condition, out Tensor inverse);
        flow.Forward(ops, back, condition, out Tensor forward);
        Assert.Equal(-forward.Item, inverse.Item, Math.Max(20 * most, 1e-3));
    }

    [Fact]
    public void The_error_of_a_method_falls_with_its_order()
    {
        // dx/dt = 2x·cos t has x(1) = x(0)·e^(2·sin 1).
        double Error(OdeMethod method, int steps)
        {
            var ops = new CpuOps();
            OdeState Field(OdeState state, double t) => new(ops.Scale(state.X, 2 * (float)Math.Cos(t)), null);
            return Math.Abs(new OdeSolver(method, steps).Integrate(ops, Field, new OdeState(ops.Fill(1, 1, 1, 1f), null), 0, 1).X.Item - Math.Exp(
                2 * Math.Sin(1)));
        }
        foreach (var (method, steps) in new[] { (OdeMethod.Euler, 64), (OdeMethod.Midpoint, 32), (OdeMethod.Rk4, 4), (OdeMethod.ThreeEighths, 4) })
            Assert.Equal(method.Order, Math.Log2(Error(method, steps) / Error(method, 2 * steps)), 0.45);
        Assert.InRange(Error(OdeMethod.DormandPrince, 8), 0, 1e-5);
    }

    [Fact]
    public void Methods_are_consistent()
    {
        foreach (OdeMethod method in OdeMethod.All)
        {
            Assert.Equal(1, method.B.Sum(), 1e-12);
            // The condition of order 2, Σ b·c = 1/2.
            if (method.Order >= 2) Assert.Equal(0.5, method.B.Zip(method.C, (b, c) => b * c).Sum(), 1e-12);
            if (method.Error != null) Assert.Equal(0, method.Error.Sum(), 1e-12);
        }
    }

    [Fact]
    public void Estimates_scatter_about_the_exact_determinant_as_their_standard_error_says()
    {
        var (flow, _) = Create(new OdeSolver(OdeMethod.Midpoint, 4));
        Tensor x = Normal(1, 1, 2, 20), condition = Normal(2, 1, 3, 20);
        double exact = flow.Forward(new CpuOps(), x, condition, out Tensor logDet).Span.Length > 0 ? logDet.Item : 0;
        (_, double few, double fewError) = flow.Estimate(new CpuOps(), x, condition, 50);
        (_, double many, double manyError) = flow.Estimate(new CpuOps(), x, condition, 800);
        Assert.InRange(Math.Abs(few - exact), 0, 4 * fewError);
        Assert.InRange(Math.Abs(many - exact), 0, 4 * manyError);
        // Sixteen times as many draws, a quarter of the error.
        Assert.Equal(0.25, manyError / fewError, 0.1);
        Assert.True(double.IsNaN(flow.Estimate(new CpuOps(), x, condition, 1).StandardError));
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Gradients_of_a_likelihood_are_those_of_central_differences(bool exact)
    {
        var (flow, parameters) = Create(new OdeSolver(OdeMethod.Midpoint, 2));
        Tensor x = Normal(1, 1, 2, 5), condition = Normal(2, 1, 3, 5);
        flow.Exact = exact;
        FlowChecks.ParameterGradients(parameters, ops =>
        {
            flow.Draws = 0;
            Tensor z = flow.Forward(ops, x, condition, out Tensor logDet);
            return ops.Add(ops.Scale(ops.SumSquares(z), 0.05f), ops.Scale(logDet, -0.1f));
        });
    }

    private static ContinuousFlow Preconditioned(OdeSolver solver, out ParameterSet parameters, double moved = 0.3)
    {
        parameters = new ParameterSet(1);
        var flow = new ContinuousFlow(parameters, new WaveNetConfig(2, 6, 2), 2, 3, solver, isPreconditioned: true) { Exact = true };
        if (moved > 0) parameters.Randomize(3, moved);
        return flow;
    }

    [Fact]
    public void Preconditioned_it_starts_with_the_path_of_white_noise_to_white_noise()
    {
        // Where x and z are normal with unit variance, x_t has variance D = (1 - t)² + t², and the flow between is x·√D.
        ContinuousFlow flow = Preconditioned(new OdeSolver(OdeMethod.Rk4, 16), out _, moved: 0);
        Tensor x = Normal(1, 1, 2, 9), condition = Normal(2, 1, 3, 9), z = flow.Forward(new CpuOps(), x, condition, out Tensor logDet);
        Assert.InRange(FlowChecks.Distance(x, z), 0, 1e-4);
        Assert.Equal(0, logDet.Item, 1e-3);
        var time = new Tensor(1, 1, 9);
        for (int i = 0; i < 9; i++) time.Span[i] = i / 8f;
        Tensor velocity = flow.Velocity(new CpuOps(), x, condition, time);
        for (int i = 0; i < 9; i++)
        {
            double t = i / 8.0, d = (1 - t) * (1 - t) + t * t;
            Assert.Equal(x.Row(0, 1)[i] * (2 * t - 1) / d, velocity.Row(0, 1)[i], 1e-5);
        }
    }

    [Fact]
    public void Preconditioned_the_first_step_of_euler_ends_where_the_network_sees_the_data()
    {
        // From noise, t = 1, one step of x - v is F(z, 1): a step to the data that the field tells.
        ContinuousFlow flow = Preconditioned(new OdeSolver(OdeMethod.Euler, 1), out ParameterSet parameters);
        var raw = new ParameterSet(1);
        var network = new WaveNet(raw, new WaveNetConfig(2, 6, 2, Timed: true), 2, 2, 3);
        raw.Load("test", name => parameters.Items.First(p => p.Name == name) is { } p ? (p.Shape, p.Value.Span.ToArray()) : null);
        Tensor z = Normal(1, 1, 2, 9), condition = Normal(2, 1, 3, 9), one = new CpuOps().Fill(1, 1, 9, 1f);
        Assert.InRange(FlowChecks.Distance(network.Apply(new CpuOps(), z, condition, one, null, out _), flow.Inverse(new CpuOps(), z, condition)), 0, 1e-5);
    }

    [Fact]
    public void Preconditioned_its_determinant_and_gradients_are_those_of_differences()
    {
        FlowChecks.LogDetEqualsJacobian(Preconditioned(new OdeSolver(OdeMethod.Rk4, 16), out ParameterSet parameters, 0.6), Normal(1, 1, 2, 6),
            Normal(2, 1, 3, 6));
        ContinuousFlow flow = Preconditioned(new OdeSolver(OdeMethod.Midpoint, 2), out parameters, moved: 0);
        parameters.Randomize(8, 0.3);
        FlowChecks.LikelihoodGradients(parameters, flow, Normal(1, 1, 2, 5), Normal(2, 1, 3, 5));
    }

    [Fact]
    public void What_is_solved_finely_comes_back_and_its_estimates_scatter_about_the_determinant_of_the_jacobian()
    {
        // Speaking in one step does not touch it.
        ContinuousFlow flow = Preconditioned(new OdeSolver(OdeMethod.Euler, 1), out _, 0.4);
        Tensor x = Normal(1, 1, 2, 6), condition = Normal(2, 1, 3, 6), z = flow.Analyze(new CpuOps(), x, condition, 0, out _);
        Assert.InRange(FlowChecks.Distance(x, flow.Synthesize(new CpuOps(), z, condition)), 0, 1e-3);
        double[] estimates = [.. Enumerable.Range(0, 400).Select(draw =>
        {
            flow.Analyze(new CpuOps(), x, condition, (uint)draw, out Tensor logDet);
            return (double)logDet.Item;
        })];
        double mean = estimates.Average(), error = Math.Sqrt(estimates.Average(e => (e - mean) * (e - mean)) / estimates.Length);
        Assert.InRange(error, 1e-5, 0.05);
        FlowChecks.LogDetEqualsJacobian((ops, input) => (flow.Analyze(ops, input, condition, 0, out _).Span.ToArray(), mean), x, 4 * error + 2e-3);
    }

    [Fact]
    public void It_starts_as_the_identity()
    {
        var flow = new ContinuousFlow(new ParameterSet(1), new WaveNetConfig(1, 4), 2, 0, s_rk4);
        Tensor x = Normal(1, 1, 2, 9), z = flow.Forward(new CpuOps(), x, Flow.NoCondition(x), out Tensor logDet);
        Assert.Equal(x.Span, z.Span);
        Assert.Equal(0, logDet.Item);
    }

    [Theory]
    [InlineData("rk4", 0, 0, "the number of solver steps is 0, expected 1 to 10000")]
    [InlineData("rk4", 0, 1e-3, "the solver rk4 has no estimate of its error, expected dopri5 to keep a tolerance")]
    [InlineData("dopri5", 4, 1e-3, "found 4 solver steps beside a tolerance, expected one of the two")]
    [InlineData("dopri5", 0, 1e-9, "the tolerance is 1E-09, expected 1E-06 to 1: single precision cannot keep less")]
    public void Solvers_that_cannot_be_are_refused(string method, int steps, double tolerance, string message) =>
        Assert.Equal(message, Assert.Throws<VocoderException>(() => Create(new OdeSolver(OdeMethod.ByName(method), steps, tolerance))).Message);

    [Fact]
    public void A_tolerance_that_cannot_be_reached_is_told()
    {
        var ops = new CpuOps();
        // dx/dt = 1 below t = 0.3 and not a number beyond.
        OdeState Field(OdeState state, double t) => new(ops.Fill(1, 1, 1, t < 0.3 ? 1f : float.NaN), null);
        string message = Assert.Throws<VocoderException>(() =>
            new OdeSolver(OdeMethod.DormandPrince, 0, 1e-3).Integrate(ops, Field, new OdeState(ops.Fill(1, 1, 1, 0f), null), 0, 1)).Message;
        Assert.StartsWith("the tolerance 0.001 cannot be reached: ", message);
        Assert.EndsWith(" steps came from 0 to 0.3 of 1; expected a larger one", message);
        Assert.Equal("there is no solver 'heun', expected one of euler, midpoint, rk4, rk4-38, dopri5",
            Assert.Throws<VocoderException>(() => OdeMethod.ByName("heun")).Message);
    }
}
