using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Conditioners;

public class WaveNetTests
{
    private const int Inputs = 3, Outputs = 5, ConditionChannels = 4;
    private readonly Random _random = new(1);

    private static (WaveNet Net, ParameterSet Parameters) Create(WaveNetConfig config)
    {
        var parameters = new ParameterSet(1);
        var net = new WaveNet(parameters, config, Inputs, Outputs, ConditionChannels);
        return (net, parameters.Randomize(2));
    }

    [Theory]
    [InlineData(1, 4, 3, true)]
    [InlineData(3, 7, 2, true)]
    [InlineData(4, 8, 3, true)]
    public void Any_chunking_equals_the_whole_bit_for_bit(int layers, int channels, int kernel, bool causal)
    {
        const int Length = 300;
        WaveNet net = Create(new WaveNetConfig(layers, channels, kernel, causal)).Net;
        Tensor x = Samples.Normal(_random, 2, Inputs, Length), condition = Samples.Normal(_random, 2, ConditionChannels, Length);
        Tensor whole = net.Apply(new CpuOps(), x, condition);
        for (int largest = 1; largest <= 64; largest *= 4)
        {
            var ops = new CpuOps(new Parallelism(2), state: new StreamState());
            for (int t = 0; t < Length;)
            {
                int count = Math.Min(_random.Next(1, largest + 1), Length - t);
                Tensor part = net.Apply(ops, ops.Crop(x, t, count), ops.Crop(condition, t, count));
                for (int row = 0; row < 2 * Outputs; row++) Samples.SameBits(whole.Row(0, row).Slice(t, count), part.Row(0, row), $"steps {t}+{count}");
                ops.Reset();
                t += count;
            }
        }
    }

    [Theory]
    [InlineData(3, 3, true)]
    [InlineData(3, 3, false)]
    [InlineData(2, 5, false)]
    public void An_input_reaches_exactly_the_outputs_that_past_and_future_promise(int layers, int kernel, bool causal)
    {
        const int Length = 80, At = 40;
        WaveNet net = Create(new WaveNetConfig(layers, 6, kernel, causal)).Net;
        Tensor x = Samples.Normal(_random, 1, Inputs, Length), condition = Samples.Normal(_random, 1, ConditionChannels, Length);
        var ops = new CpuOps();
        Tensor before = net.Apply(ops, x, condition);
        x.Row(0, 1)[At] += 1;
        Tensor after = net.Apply(ops, x, condition);
        int[] changed = [.. Enumerable.Range(0, Length).Where(t => Enumerable.Range(0, Outputs).Any(c => before.Row(0, c)[t] != after.Row(0, c)[t]))];
        Assert.Equal(At - net.Future, changed.Min());
        Assert.Equal(At + net.Past, changed.Max());
        int span = (kernel - 1) * ((1 << layers) - 1);
        Assert.Equal((causal ? span : span / 2, causal ? 0 : span / 2), (net.Past, net.Future));
    }

    [Fact]
    public void Starts_at_zero_with_the_published_names()
    {
        var parameters = new ParameterSet(1);
        var net = new WaveNet(parameters.Scope("WN.0"), new WaveNetConfig(2, 6), Inputs, Outputs, ConditionChannels);
        Tensor y = net.Apply(new CpuOps(), Samples.Normal(_random, 1, Inputs, 9), Samples.Normal(_random, 1, ConditionChannels, 9));
        Assert.Equal("[1, 5, 9]", y.Shape);
        Assert.All(y.Span.ToArray(), v => Assert.Equal(0f, v));
        string[] layers = ["start", "cond_layer", "in_layers.0", "in_layers.1", "res_skip_layers.0", "res_skip_layers.1"];
        string[] expected = [.. layers.SelectMany(l => new[] { $"WN.0.{l}.bias", $"WN.0.{l}.weight_g", $"WN.0.{l}.weight_v" }), "WN.0.end.bias",
            "WN.0.end.weight"];
        Assert.Equal(expected.Order(), parameters.Items.Select(p => p.Name).Order());
        int[] Shape(string name) => parameters.Items.Single(p => p.Name == $"WN.0.{name}").Shape;
        Assert.Equal([24, 4, 1], Shape("cond_layer.weight_v"));
        Assert.Equal([12, 6, 3], Shape("in_layers.1.weight_v"));
        Assert.Equal([12, 6, 1], Shape("res_skip_layers.0.weight_v"));
        Assert.Equal([6, 6, 1], Shape("res_skip_layers.1.weight_v"));
    }

    [Fact]
    public void Work_is_counted_from_the_weights()
    {
        var (net, parameters) = Create(new WaveNetConfig(4, 8));
        Assert.Equal(parameters.Items.Where(p => p.Name.EndsWith("weight", StringComparison.Ordinal) || p.Name.EndsWith("weight_v", StringComparison.Ordinal))
            .Sum(p => p.Value.Size), net.MacsPerStep);
    }

    [Fact]
    public void Recording_and_playing_agree_bit_for_bit_before_and_after_a_change()
    {
        var (net, parameters) = Create(new WaveNetConfig(3, 6));
        Tensor x = Samples.Normal(_random, 1, Inputs, 50), condition = Samples.Normal(_random, 1, ConditionChannels, 50);
        var play = new CpuOps();
        float[] first = net.Apply(play, x, condition).Span.ToArray();
        Samples.SameBits(first, net.Apply(new CpuOps(tape: new Tape()), x, condition).Span, "before");
        parameters.Randomize(9);
        float[] second = net.Apply(play, x, condition).Span.ToArray();
        Assert.NotEqual(first, second);
        Samples.SameBits(second, net.Apply(new CpuOps(tape: new Tape()), x, condition).Span, "after");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Equals_a_naive_network_in_double(bool causal)
    {
        const int Length = 37;
        var config = new WaveNetConfig(3, 5, 3, causal);
        var (net, parameters) = Create(config);
        Tensor x = Samples.Normal(_random, 1, Inputs, Length), condition = Samples.Normal(_random, 1, ConditionChannels, Length);
        double[][] expected = new NaiveWaveNet(parameters).Run(config, Rows(x), Rows(condition));
        Tensor y = net.Apply(new CpuOps(), x, condition);
        for (int c = 0; c < Outputs; c++) Samples.Close(expected[c], y.Row(0, c), 2e-5, $"channel {c}");
    }

    [Fact]
    public void Without_a_condition_it_has_no_weights_for_one_and_reads_none()
    {
        var parameters = new ParameterSet(1);
        var config = new WaveNetConfig(3, 5);
        var net = new WaveNet(parameters, config, Inputs, Outputs, conditionChannels: 0);
        parameters.Randomize(2);
        Assert.DoesNotContain(parameters.Items, p => p.Name.StartsWith("cond_layer", StringComparison.Ordinal));
        Assert.Equal(Inputs * 5 + 3 * (5 * 10 * 3) + 2 * (5 * 10) + 5 * 5 + 5 * Outputs, net.MacsPerStep);
        Tensor x = Samples.Normal(_random, 1, Inputs, 20), y = net.Apply(new CpuOps(), x, Flow.NoCondition(x));
        double[][] expected = new NaiveWaveNet(parameters).Run(config, Rows(x), []);
        for (int c = 0; c < Outputs; c++) Samples.Close(expected[c], y.Row(0, c), 2e-5, $"channel {c}");
    }

    private static double[][] Rows(Tensor x) => [.. Enumerable.Range(0, x.Channels).Select(c => x.Row(0, c).ToArray().Select(v => (double)v).ToArray())];
}
