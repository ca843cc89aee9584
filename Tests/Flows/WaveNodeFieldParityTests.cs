using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Models;

namespace FlowVocoder.Tests.Flows;

/// <summary>A continuous flow with WaveNODE's network and its solvers against the published implementation.</summary>
public class WaveNodeFieldParityTests(ITestOutputHelper output)
{
    private const int Steps = 4;
    private readonly PublishedVectors _vectors = new("wavenode_cnf_tiny", output);

    private (ContinuousFlow Flow, ParameterSet Parameters) Load(OdeSolver solver)
    {
        var parameters = new ParameterSet();
        var flow = new ContinuousFlow(parameters.Scope("layer"), new WaveNetConfig(2, 8, 3, Causal: false, DilationBase: 3), 4, 6, solver);
        _vectors.Load(parameters);
        return (flow, parameters);
    }

    public static TheoryData<string, string> Solvers => new() { { "euler", "euler" }, { "midpoint", "midpoint" }, { "rk4", "rk4" }, { "rk4-38", "rk4_38" } };

    [Fact]
    public void The_vector_field_and_its_divergence()
    {
        var (flow, _) = Load(new OdeSolver(OdeMethod.Euler, 1));
        Tensor x = _vectors.Tensor("x"), c = _vectors.Tensor("c");
        float[] expected = _vectors.Array("vector_field"), times = [0, 0.25f, 0.73f, 1];
        for (int i = 0; i < times.Length; i++)
        {
            var ops = new CpuOps();
            Tensor velocity = flow.Velocity(ops, x, c, ops.Fill(x.Batch, 1, x.Length, times[i]));
            _vectors.Check($"at {times[i]}", expected.AsSpan(i * x.Size, x.Size), velocity.Span);
        }
        // One step of Euler's method from t = 0 is the field itself.
        Tensor exact = flow.Forward(new CpuOps(), x, c, null).LogDet, estimate = flow.Forward(new CpuOps(), x, c, _vectors.Tensor("hutchinson_e")).LogDet;
        for (int b = 0; b < 2; b++)
        {
            _vectors.Check("exact divergence", _vectors.Expected.GetProperty("exact_divergence")[0][b].GetDouble(), exact.Span[b]);
            _vectors.Check("estimated divergence", _vectors.Expected.GetProperty("hutchinson_divergence")[0][b].GetDouble(), estimate.Span[b]);
        }
    }

    [Theory, MemberData(nameof(Solvers))]
    public void Every_solver_goes_there_and_back_as_published(string solver, string name)
    {
        var (flow, _) = Load(new OdeSolver(OdeMethod.ByName(solver), Steps));
        Tensor x = _vectors.Tensor("x"), c = _vectors.Tensor("c");
        (Tensor z, Tensor exact) = flow.Forward(new CpuOps(), x, c, null);
        _vectors.Check("z_" + name, z);
        (_, Tensor estimate) = flow.Forward(new CpuOps(), x, c, _vectors.Tensor("hutchinson_e"));
        for (int b = 0; b < 2; b++)
        {
            _vectors.Check("exact log det", _vectors.Expected.GetProperty("logdet_exact_trace").GetProperty(name)[b].GetDouble(), exact.Span[b]);
            _vectors.Check("estimated log det", _vectors.Expected.GetProperty("logdet_hutchinson").GetProperty(name)[b].GetDouble(), estimate.Span[b]);
        }
        _vectors.Check("x_back_" + name, flow.Inverse(new CpuOps(), _vectors.Tensor("z_" + name), c));
    }

    [Fact]
    public void Steps_of_adaptive_length_come_as_near_as_they_are_asked_to()
    {
        Tensor x = _vectors.Tensor("x"), c = _vectors.Tensor("c");
        var (flow, _) = Load(new OdeSolver(OdeMethod.DormandPrince, 0, 1e-5));
        (Tensor z, Tensor logDet) = flow.Forward(new CpuOps(), x, c, null);
        _vectors.Check("z_exact", z);
        _vectors.Check("z_dopri5", z);
        for (int b = 0; b < 2; b++)
            Assert.Equal(_vectors.Expected.GetProperty("logdet_exact_trace").GetProperty("converged_float64")[b].GetDouble(), logDet.Span[b], 1e-4);
        _vectors.Check("back", x.Span, flow.Inverse(new CpuOps(), z, c).Span);
    }

    [Theory, InlineData(false), InlineData(true)]
    public void Gradients_through_the_solver_are_the_published_ones(bool estimated)
    {
        var (flow, parameters) = Load(new OdeSolver(OdeMethod.Rk4, Steps));
        Tensor x = _vectors.Tensor("x").AsParameter(), c = _vectors.Tensor("c").AsParameter();
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        (Tensor z, Tensor logDet) = flow.Forward(ops, x, c, estimated ? _vectors.Tensor("hutchinson_e") : null);
        // -(Σ ln N(z; 0, 1) + Σ log det) / numel
        Tensor loss = ops.Scale(ops.Add(ops.Scale(ops.SumSquares(z), 0.5f), ops.Scale(ops.Sum(logDet), -1f)), 1f / x.Size);
        string suffix = estimated ? "rk4_hutchinson" : "rk4_exact";
        _vectors.Check("loss", _vectors.Expected.GetProperty("loss_" + suffix).GetDouble(), loss.Item + 0.5 * Math.Log(2 * Math.PI));
        tape.Backward(loss);
        _vectors.CheckGradients(parameters, "gradients_" + suffix);
        _vectors.Check("grad_x_" + suffix, x.Grad!);
        _vectors.Check("grad_c_" + suffix, c.Grad!);
    }
}
