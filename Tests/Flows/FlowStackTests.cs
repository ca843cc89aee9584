using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Flows;

public class FlowStackTests
{
    private readonly Random _random = new(1);

    // Channels 8, 8, 6, 6, 4: two channels leave before steps 2 and 4.
    private static readonly FlowStackConfig Published = new(8, 5, 2, 2, new WaveNetConfig(2, 6, 3, Causal: false), 3, ActNorm: false, Lu: false,
        LogScaleClamp: 0);
    private static readonly FlowStackConfig Compact = Published with { WaveNet = new WaveNetConfig(2, 6), ActNorm = true, Lu = true, LogScaleClamp = 2 };

    public static TheoryData<bool> Kinds => [false, true];

    private static FlowStackConfig Config(bool compact) => compact ? Compact : Published;

    private static FlowStack Create(ParameterSet parameters, FlowStackConfig config)
    {
        var stack = new FlowStack(parameters, config);
        parameters.Randomize(2, 0.15);
        return stack;
    }

    private static float[] Flat(IEnumerable<Tensor> tensors) => [.. tensors.SelectMany(t => t.Span.ToArray())];

    [Theory, MemberData(nameof(Kinds))]
    public void Round_trip(bool compact)
    {
        FlowStack stack = Create(new ParameterSet(1), Config(compact));
        Tensor x = Samples.Normal(_random, 2, 8, 40), condition = Samples.Normal(_random, 2, 3, 40);
        var ops = new CpuOps();
        FlowResult result = stack.Forward(ops, x, condition);
        Assert.Equal([2, 2, 4], stack.LatentChannels);
        Assert.Equal(["[2, 2, 40]", "[2, 2, 40]", "[2, 4, 40]"], result.Latents.Select(z => z.Shape));
        Assert.InRange(FlowChecks.Distance(x, stack.Inverse(ops, result.Latents, condition)), 0, 1e-4);
        Tensor[] latents = [Samples.Normal(_random, 2, 2, 40), Samples.Normal(_random, 2, 2, 40), Samples.Normal(_random, 2, 4, 40)];
        FlowResult again = stack.Forward(ops, stack.Inverse(ops, latents, condition), condition);
        for (int i = 0; i < 3; i++) Assert.InRange(FlowChecks.Distance(latents[i], again.Latents[i]), 0, 1e-4);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void The_log_dets_of_all_layers_add_up_to_that_of_the_jacobian(bool compact)
    {
        FlowStack stack = Create(new ParameterSet(1), Config(compact));
        Tensor condition = Samples.Normal(_random, 1, 3, 4);
        FlowChecks.LogDetEqualsJacobian((ops, x) =>
        {
            FlowResult result = stack.Forward(ops, x, condition);
            return (Flat(result.Latents), result.LogDets.Sum(layer => (double)layer.LogDet.Item));
        }, Samples.Normal(_random, 1, 8, 4));
    }

    [Fact]
    public void As_one_layer_its_latent_parts_are_channels_in_the_order_in_which_they_leave()
    {
        FlowStack stack = Create(new ParameterSet(1), Compact);
        Tensor x = Samples.Normal(_random, 2, 8, 10), condition = Samples.Normal(_random, 2, 3, 10);
        var ops = new CpuOps();
        FlowResult parts = stack.Forward(ops, x, condition);
        Tensor z = stack.Forward(ops, x, condition, out Tensor logDet);
        Samples.SameBits(parts.Latents[0].Row(1, 1), z.Row(1, 1), "first part");
        Samples.SameBits(parts.Latents[1].Row(1, 0), z.Row(1, 2), "second part");
        Samples.SameBits(parts.Latents[2].Row(1, 3), z.Row(1, 7), "what remains");
        Assert.Equal(parts.LogDets.Sum(layer => (double)layer.LogDet.Item), logDet.Item, 1e-4);
        FlowChecks.RoundTrip(stack, x, condition);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Saved_weights_restore_every_bit(bool compact)
    {
        ParameterSet saved = new(1), loaded = new(2);
        FlowStack original = Create(saved, Config(compact)), copy = new(loaded, Config(compact));
        Tensor x = Samples.Normal(_random, 1, 8, 20), condition = Samples.Normal(_random, 1, 3, 20);
        var ops = new CpuOps();
        float[] expected = Flat(original.Forward(ops, x, condition).Latents);
        Assert.NotEqual(expected, Flat(copy.Forward(ops, x, condition).Latents));
        saved.CopyTo(loaded);
        Samples.SameBits(expected, Flat(copy.Forward(ops, x, condition).Latents), "latents");
    }

    [Fact]
    public void Layers_and_parameters_have_the_published_names()
    {
        var parameters = new ParameterSet();
        var stack = new FlowStack(parameters, Compact with { Flows = 2, EarlyEvery = 0 });
        FlowResult result = stack.Forward(new CpuOps(), new Tensor(1, 8, 3), new Tensor(1, 3, 3));
        Assert.Equal(["actnorm.0", "convinv.0", "WN.0", "actnorm.1", "convinv.1", "WN.1"], result.LogDets.Select(l => l.Flow));
        Assert.Contains("convinv.1.conv.triangles", parameters.Items.Select(p => p.Name));
        Assert.Contains("WN.1.res_skip_layers.0.weight_g", parameters.Items.Select(p => p.Name));
        parameters = new ParameterSet();
        _ = new FlowStack(parameters, Published);
        Assert.Contains("convinv.4.conv.weight", parameters.Items.Select(p => p.Name));
        Assert.DoesNotContain(parameters.Items, p => p.Name.StartsWith("actnorm", StringComparison.Ordinal));
    }

    [Fact]
    public void Initialising_normalises_what_each_step_receives()
    {
        var stack = new FlowStack(new ParameterSet(1), Compact);
        Tensor x = Samples.Normal(_random, 2, 8, 300), condition = new(2, 3, 300);
        for (int c = 0; c < 8; c++)
            for (int b = 0; b < 2; b++)
                foreach (ref float v in x.Row(b, c)) v = 10 * v * (c + 1) + c;
        var ops = new CpuOps();
        stack.Initialize(ops, x, condition);
        // Couplings start as the identity and convolutions as rotations, which keep the mean zero and the total variance.
        foreach (Tensor z in stack.Forward(ops, x, condition).Latents.TakeLast(1))
        {
            double total = 0;
            for (int c = 0; c < z.Channels; c++)
            {
                double[] values = [.. Enumerable.Range(0, 2).SelectMany(b => z.Row(b, c).ToArray().Select(v => (double)v))];
                Assert.Equal(0, values.Average(), 1e-3);
                total += values.Average(v => v * v);
            }
            Assert.Equal(z.Channels, total, 1e-3 * z.Channels);
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Gradients_of_the_likelihood_reach_every_parameter(bool compact)
    {
        var parameters = new ParameterSet(1);
        FlowStack stack = Create(parameters, Config(compact) with { Flows = 3 });
        Tensor x = Samples.Normal(_random, 1, 8, 4), condition = Samples.Normal(_random, 1, 3, 4);
        FlowChecks.ParameterGradients(parameters, ops =>
        {
            FlowResult result = stack.Forward(ops, x, condition);
            Tensor loss = ops.Scale(result.LogDets.Select(l => l.LogDet).Aggregate(ops.Add), -0.1f);
            return result.Latents.Aggregate(loss, (sum, z) => ops.Add(sum, ops.Scale(ops.SumSquares(z), 0.05f)));
        });
    }

    [Fact]
    public void Any_chunking_generates_the_same_bits()
    {
        const int Length = 120;
        FlowStack stack = Create(new ParameterSet(1), Compact);
        Tensor condition = Samples.Normal(_random, 1, 3, Length);
        Tensor[] latents = [Samples.Normal(_random, 1, 2, Length), Samples.Normal(_random, 1, 2, Length), Samples.Normal(_random, 1, 4, Length)];
        Tensor whole = stack.Inverse(new CpuOps(), latents, condition);
        var ops = new CpuOps(state: new StreamState());
        for (int t = 0; t < Length;)
        {
            int count = Math.Min(_random.Next(1, 12), Length - t);
            Tensor part = stack.Inverse(ops, [.. latents.Select(z => ops.Crop(z, t, count))], ops.Crop(condition, t, count));
            for (int c = 0; c < 8; c++) Samples.SameBits(whole.Row(0, c).Slice(t, count), part.Row(0, c), $"channel {c}, steps {t}+{count}");
            ops.Reset();
            t += count;
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Past_and_future_are_those_of_the_conditioners(bool causal)
    {
        var stack = new FlowStack(new ParameterSet(), Published with { WaveNet = new WaveNetConfig(3, 4, 3, causal) });
        // Five couplings, each with dilations 1, 2 and 4 of three taps.
        Assert.Equal(5 * (causal ? 14 : 7), stack.Past);
        Assert.Equal(5 * (causal ? 0 : 7), stack.Future);
    }

    [Theory]
    [InlineData(7, 1, 0, 2, "7 channels")]
    [InlineData(8, 5, 1, 2, "flow 4 would have 0 channels")]
    [InlineData(8, 3, 2, 1, "flow 2 would have 7 channels")]
    public void Channels_that_cannot_be_coupled_are_refused(int channels, int flows, int every, int size, string part) => Assert.Contains(part,
        Assert.Throws<VocoderException>(() => new FlowStack(new ParameterSet(),
            Published with { Channels = channels, Flows = flows, EarlyEvery = every, EarlySize = size })).Message,
        StringComparison.Ordinal);
}
