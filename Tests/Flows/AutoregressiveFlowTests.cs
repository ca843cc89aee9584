using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class AutoregressiveFlowTests
{
    private static readonly WaveNetConfig s_waveNet = new(3, 6, Cycle: 2);
    private readonly Random _random = new(1);

    public static TheoryData<FlowKind, int> Cases => new() { { FlowKind.Maf, 1 }, { FlowKind.Maf, 4 }, { FlowKind.Iaf, 1 }, { FlowKind.Iaf, 4 } };

    private static AutoregressiveFlow Create(FlowKind kind, int channels, ParameterSet? parameters = null, float clamp = 2f)
    {
        parameters ??= new ParameterSet(1);
        var flow = new AutoregressiveFlow(parameters, s_waveNet, kind, channels, 3, clamp);
        parameters.Randomize(2, 0.2);
        return flow;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Round_trip(FlowKind kind, int channels) =>
        FlowChecks.RoundTrip(Create(kind, channels), Samples.Normal(_random, 2, channels, 40), Samples.Normal(_random, 2, 3, 40));

    [Theory, MemberData(nameof(Cases))]
    public void Log_det_is_that_of_the_jacobian(FlowKind kind, int channels) =>
        FlowChecks.LogDetEqualsJacobian(Create(kind, channels), Samples.Normal(_random, 1, channels, 5), Samples.Normal(_random, 1, 3, 5));

    [Theory, MemberData(nameof(Cases))]
    public void Saved_weights_restore_every_bit(FlowKind kind, int channels) => FlowChecks.SavedWeightsRestoreEveryBit(
        parameters => new AutoregressiveFlow(parameters, s_waveNet, kind, channels, 3), Samples.Normal(_random, 1, channels, 20),
            Samples.Normal(_random, 1, 3, 20));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void With_the_same_weights_maf_after_iaf_is_the_identity(int channels)
    {
        AutoregressiveFlow maf = Create(FlowKind.Maf, channels), iaf = Create(FlowKind.Iaf, channels);
        Tensor x = Samples.Normal(_random, 2, channels, 50), condition = Samples.Normal(_random, 2, 3, 50);
        var ops = new CpuOps();
        Tensor noise = maf.Forward(ops, x, condition, out Tensor there);
        Assert.True(FlowChecks.Distance(x, noise) > 0.1);
        Assert.InRange(FlowChecks.Distance(x, iaf.Forward(ops, noise, condition, out Tensor back)), 0, 1e-4);
        Assert.Equal(0, there.Item + back.Item, 1e-3);
        // What the one does in parallel the other does too, in its own direction: the same bits.
        Samples.SameBits(noise.Span, iaf.Inverse(ops, x, condition).Span, "the parallel direction");
    }

    [Theory, MemberData(nameof(Cases))]
    public void The_jacobian_is_triangular_with_the_scales_on_its_diagonal(FlowKind kind, int channels)
    {
        const int steps = 5;
        AutoregressiveFlow flow = Create(kind, channels);
        Tensor x = Samples.Normal(_random, 1, channels, steps), condition = Samples.Normal(_random, 1, 3, steps);
        Tensor z = flow.Forward(new CpuOps(), x, condition, out _);
        // The scale comes from the steps before, of the data for a MAF and of the noise for an IAF.
        var ops = new CpuOps();
        Tensor logScale = flow.Conditioner(ops, ops.Delay(kind == FlowKind.Maf ? x : z, "before"), condition).LogScale;
        for (int t = 0; t < steps; t++)
            for (int c = 0; c < channels; c++)
            {
                const float h = 1f / 32;
                Tensor At(float by)
                {
                    Tensor moved = Tensor.From(x.Span, 1, channels, steps);
                    moved.Row(0, c)[t] += by;
                    return flow.Forward(new CpuOps(), moved, condition, out _);
                }
                Tensor plus = At(h), minus = At(-h);
                for (int s = 0; s <= t; s++)
                    for (int d = 0; d < channels; d++)
                    {
                        double slope = (plus.Row(0, d)[s] - (double)minus.Row(0, d)[s]) / (2 * h);
                        double expected = s < t || d != c ? 0 : Math.Exp(kind == FlowKind.Maf ? logScale.Row(0, c)[t] : -logScale.Row(0, c)[t]);
                        // Exactly 0 above the diagonal and between channels of a step; the map is affine in x_t, so that the slope has rounding alone.
                        if (expected == 0) Assert.Equal(0, slope);
                        else Assert.Equal(expected, slope, 1e-4 * expected);
                    }
            }
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_change_at_a_step_changes_no_earlier_output(FlowKind kind, int channels)
    {
        AutoregressiveFlow flow = Create(kind, channels);
        Tensor x = Samples.Normal(_random, 1, channels, 30), condition = Samples.Normal(_random, 1, 3, 30);
        var ops = new CpuOps();
        Tensor changed = Tensor.From(x.Span, 1, channels, 30);
        changed.Row(0, channels - 1)[17] += 1;
        foreach (Func<Tensor, Tensor> direction in new Func<Tensor, Tensor>[] { u => flow.Forward(ops, u, condition, out _),
            u => flow.Inverse(ops, u, condition) })
        {
            Tensor before = direction(x), after = direction(changed);
            for (int c = 0; c < channels; c++)
            {
                Samples.SameBits(before.Row(0, c)[..17], after.Row(0, c)[..17], $"channel {c}");
                Assert.NotEqual(before.Row(0, c)[18..].ToArray(), after.Row(0, c)[18..].ToArray());
            }
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Any_chunking_generates_the_same_bits(FlowKind kind, int channels)
    {
        const int length = 60;
        AutoregressiveFlow flow = Create(kind, channels);
        Tensor z = Samples.Normal(_random, 1, channels, length), condition = Samples.Normal(_random, 1, 3, length);
        Tensor whole = flow.Inverse(new CpuOps(), z, condition);
        var ops = new CpuOps(state: new StreamState());
        for (int t = 0; t < length;)
        {
            int count = Math.Min(_random.Next(1, 12), length - t);
            Tensor part = flow.Inverse(ops, ops.Crop(z, t, count), ops.Crop(condition, t, count));
            for (int c = 0; c < channels; c++) Samples.SameBits(whole.Row(0, c).Slice(t, count), part.Row(0, c), $"channel {c}, steps {t}+{count}");
            ops.Reset();
            t += count;
        }
    }

    /// <summary>Counts what the steps of recursions are given.</summary>
    private sealed class CountingOps : CpuOps
    {
        public long Steps { get; private set; }

        public long Elements { get; private set; }

        public override Tensor Recur(IRecursion recursion, Tensor x, Tensor condition, int channels) =>
            base.Recur(new Counting(this, recursion), x, condition, channels);

        private sealed class Counting(CountingOps owner, IRecursion inner) : IRecursion
        {
            public string Site => inner.Site;

            public Tensor Step(Ops ops, Tensor previous, Tensor x, Tensor condition)
            {
                owner.Steps++;
                owner.Elements += previous.Size + x.Size + condition.Size;
                return inner.Step(ops, previous, x, condition);
            }
        }
    }

    // Counted and not timed: four times as many samples are four times as many steps, and no step sees more than its own sample and the state of the one
    // before.
    [Theory]
    [InlineData(FlowKind.Maf)]
    [InlineData(FlowKind.Iaf)]
    public void The_cost_of_the_sequential_direction_is_linear_in_the_samples(FlowKind kind)
    {
        AutoregressiveFlow flow = Create(kind, 1);
        foreach (int samples in (int[])[50, 200])
        {
            var ops = new CountingOps();
            Tensor x = Samples.Normal(_random, 1, 1, samples), condition = Samples.Normal(_random, 1, 3, samples);
            if (kind == FlowKind.Maf) flow.Inverse(ops, x, condition);
            else flow.Forward(ops, x, condition, out _);
            // A sample, its condition of three channels, and sample and log-scale of the step before.
            Assert.Equal((samples, 6L * samples), (ops.Steps, ops.Elements));
        }
    }

    // The gradient of the parallel direction; the other has none.
    [Theory, MemberData(nameof(Cases))]
    public void Gradients_of_the_parallel_direction_reach_every_parameter(FlowKind kind, int channels)
    {
        // The direction of a normalised weight of one input is its sign, which has no slope.
        channels = Math.Max(channels, 2);
        var parameters = new ParameterSet(1);
        AutoregressiveFlow flow = Create(kind, channels, parameters);
        Tensor u = Samples.Normal(_random, 1, channels, 6), condition = Samples.Normal(_random, 1, 3, 6);
        FlowChecks.ParameterGradients(parameters, ops =>
        {
            Tensor logDet, v = kind == FlowKind.Maf ? flow.Forward(ops, u, condition, out logDet) : flow.Inverse(ops, u, condition, out logDet);
            return ops.Add(ops.Scale(logDet, -0.1f), ops.Scale(ops.SumSquares(v), 0.05f));
        });
        var tape = new Tape();
        var recording = new CpuOps(tape: tape);
        Assert.Throws<InvalidOperationException>(() => kind == FlowKind.Maf ? flow.Inverse(recording, u, condition)
            : flow.Forward(recording, u, condition, out _));
    }

    [Fact]
    public void A_maf_says_mean_and_deviation_of_the_next_sample()
    {
        // With σ = exp(-logScale) and μ = -shift·σ, log p(x_t | x_<t) = log N(x_t; μ, σ) adds up to the log-likelihood of the flow.
        AutoregressiveFlow flow = Create(FlowKind.Maf, 1);
        Tensor x = Samples.Normal(_random, 1, 1, 25), condition = Samples.Normal(_random, 1, 3, 25);
        var ops = new CpuOps();
        var (shift, logScale) = flow.Conditioner(ops, ops.Delay(x, "before"), condition);
        double expected = 0;
        for (int t = 0; t < 25; t++)
        {
            double sigma = Math.Exp(-logScale.Span[t]), mu = -shift.Span[t] * sigma, d = (x.Span[t] - mu) / sigma;
            expected += -0.5 * d * d - Math.Log(sigma) - 0.5 * Math.Log(2 * Math.PI);
        }
        Tensor z = flow.Forward(ops, x, condition, out Tensor logDet);
        Assert.Equal(expected, -0.5 * ops.SumSquares(z).Item + logDet.Item - 25 * 0.5 * Math.Log(2 * Math.PI), 1e-3);
    }

    [Fact]
    public void Conditioners_that_see_the_future_and_couplings_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new AutoregressiveFlow(new ParameterSet(), s_waveNet with { Causal = false }, FlowKind.Maf, 1, 3));
        Assert.Throws<ArgumentException>(() => new AutoregressiveFlow(new ParameterSet(), s_waveNet, FlowKind.Coupling, 1, 3));
    }

    // Pairs as sequences of two steps, without a condition, in both orders: how a flow over time models points of the plane.
    [Theory]
    [InlineData(FlowKind.Maf)]
    [InlineData(FlowKind.Iaf)]
    public void Without_a_condition_in_a_chain_of_both_orders(FlowKind kind)
    {
        var parameters = new ParameterSet(1);
        AutoregressiveFlow Step(string name) => new(parameters.Scope(name), new WaveNetConfig(1, 6, Kernel: 1), kind, 1, 0);
        var chain = new FlowChain([Step("0"), new SqueezedFlow(new ChannelSwap(), 2), Step("1")]);
        parameters.Randomize(2, 0.4);
        FlowChecks.RoundTrip(chain, Samples.Normal(_random, 20, 1, 2));
        FlowChecks.LogDetEqualsJacobian(chain, Samples.Normal(_random, 3, 1, 2));
        Assert.Equal((kind == FlowKind.Maf, kind == FlowKind.Iaf), (chain.GeneratesStepByStep, chain.ScoresStepByStep));
    }
}
