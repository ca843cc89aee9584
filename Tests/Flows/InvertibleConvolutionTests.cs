using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class InvertibleConvolutionTests
{
    private readonly Tensor _condition = new(1, 1, 6);
    private readonly Random _random = new(1);

    private static InvertibleConvolution Create(ParameterSet parameters, int channels, bool lu, double noise = 0.1)
    {
        var flow = new InvertibleConvolution(parameters, channels, lu);
        parameters.Randomize(2, noise);
        return flow;
    }

    // The matrix that the layer applies, read off its response to unit vectors.
    private static float[] Matrix(InvertibleConvolution flow, int channels, Ops ops)
    {
        var identity = new Tensor(1, channels, channels);
        for (int i = 0; i < channels; i++) identity.Row(0, i)[i] = 1;
        return flow.Forward(ops, identity, identity, out _).Span.ToArray();
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(8, false)]
    [InlineData(24, false)]
    [InlineData(2, true)]
    [InlineData(8, true)]
    [InlineData(24, true)]
    public void Starts_as_a_rotation(int channels, bool lu)
    {
        for (ulong seed = 1; seed <= 4; seed++)
        {
            var flow = new InvertibleConvolution(new ParameterSet(seed), channels, lu);
            float[] w = Matrix(flow, channels, new CpuOps());
            for (int i = 0; i < channels; i++)
                for (int j = 0; j < channels; j++)
                    Assert.Equal(i == j ? 1 : 0, Enumerable.Range(0, channels).Sum(k => (double)w[i * channels + k] * w[j * channels + k]), 2e-5);
            flow.Forward(new CpuOps(), new Tensor(1, channels, 1), _condition, out Tensor logDet);
            Assert.Equal(0, logDet.Item, 1e-5);
        }
    }

    [Fact]
    public void Both_kinds_start_as_the_same_rotation()
    {
        for (ulong seed = 1; seed <= 4; seed++)
        {
            float[] plain = Matrix(new InvertibleConvolution(new ParameterSet(seed), 8, false), 8, new CpuOps());
            float[] lu = Matrix(new InvertibleConvolution(new ParameterSet(seed), 8, true), 8, new CpuOps());
            Samples.Close([.. plain.Select(v => (double)v)], lu, 1e-6, "rotation");
            Assert.True(plain.Count(v => Math.Abs(v) > 1e-3) > 8, "a permutation is not a random rotation");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Round_trip(bool lu) => FlowChecks.RoundTrip(Create(new ParameterSet(1), 8, lu), Samples.Normal(_random, 3, 8, 31), _condition);

    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(true, 1)]
    [InlineData(true, 2)]
    public void Log_det_equals_the_jacobian(bool lu, int batch) =>
        FlowChecks.LogDetEqualsJacobian(Create(new ParameterSet(1), 4, lu, 0.3), Samples.Normal(_random, batch, 4, 3), _condition);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Saved_weights_restore_every_bit(bool lu) =>
        FlowChecks.SavedWeightsRestoreEveryBit(parameters => new InvertibleConvolution(parameters, 6, lu), Samples.Normal(_random, 2, 6, 9), _condition);

    [Fact]
    public void Sign_and_permutation_are_saved_but_not_trained()
    {
        var parameters = new ParameterSet(1);
        _ = new InvertibleConvolution(parameters.Scope("conv"), 4, true);
        Assert.Equal(["conv.permutation", "conv.sign"], parameters.Items.Where(p => !p.Trained).Select(p => p.Name).Order());
        Assert.Equal(["conv.log_diagonal", "conv.triangles"], parameters.Items.Where(p => p.Trained).Select(p => p.Name).Order());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Recording_and_playing_agree_bit_for_bit(bool lu)
    {
        InvertibleConvolution flow = Create(new ParameterSet(1), 6, lu);
        Samples.SameBits(Matrix(flow, 6, new CpuOps()), Matrix(flow, 6, new CpuOps(tape: new Tape())), "matrix");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_changed_weight_changes_the_cached_inverse(bool lu)
    {
        var parameters = new ParameterSet(1);
        InvertibleConvolution flow = Create(parameters, 6, lu);
        Tensor x = Samples.Normal(_random, 1, 6, 10);
        flow.Inverse(new CpuOps(), x, _condition);
        foreach (Parameter p in parameters.Items.Where(p => p.Trained).Reverse())
        {
            for (int i = 0; i < p.Value.Size; i++) p.Value.Span[i] += 0.1f * (float)_random.NextNormal();
            p.Value.MarkChanged();
            FlowChecks.RoundTrip(flow, x, _condition);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradients_of_the_likelihood_equal_central_differences(bool lu)
    {
        var parameters = new ParameterSet(1);
        InvertibleConvolution flow = Create(parameters, 4, lu);
        Tensor x = Samples.Normal(_random, 2, 4, 5);
        FlowChecks.ParameterGradients(parameters, ops =>
        {
            Tensor z = flow.Forward(ops, x, _condition, out Tensor logDet);
            return ops.Add(ops.Scale(ops.SumSquares(z), 0.05f), ops.Scale(logDet, -0.1f));
        });
    }
}
