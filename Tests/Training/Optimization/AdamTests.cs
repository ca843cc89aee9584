using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training.Optimization;

namespace FlowVocoder.Tests.Training.Optimization;

public class AdamTests
{
    private const double Rate = 0.01;

    private static ParameterSet TwoTensors(int seed)
    {
        var set = new ParameterSet();
        var random = new Random(seed);
        set.Values("a", Samples.Normal(random, 1, 1, 7).Span, 7);
        set.Values("b", Samples.Normal(random, 1, 1, 10).Span, 2, 5);
        set.Fixed("constant", [1, 2, 3], 3);
        return set;
    }

    private static IEnumerable<Parameter> Trained(ParameterSet set) => set.Items.Where(p => p.Trained);

    private static void DrawGradients(ParameterSet set, Random random, double scale = 1)
    {
        foreach (Parameter p in Trained(set)) p.Value.Grad = Samples.Normal(random, p.Value.Batch, p.Value.Channels, p.Value.Length, scale);
    }

    private static float[] Flat(ParameterSet set, Func<Parameter, Tensor> part) => [.. Trained(set).SelectMany(p => part(p).Span.ToArray())];

    /// <summary>
    /// Kingma and Ba 2015, algorithm 1, with the decay of Loshchilov and Hutter 2019, algorithm 2, as printed, of all weights but the first so many.
    /// </summary>
    private sealed class Published(AdamConfig config, double[] w, int undecayed)
    {
        private readonly double[] _m = new double[w.Length], _v = new double[w.Length];
        private int _t;

        public double[] W { get; } = w;

        public void Step(double rate, float[] gradient)
        {
            _t++;
            for (int i = 0; i < W.Length; i++)
            {
                _m[i] = config.Beta1 * _m[i] + (1.0 - config.Beta1) * gradient[i];
                _v[i] = config.Beta2 * _v[i] + (1.0 - config.Beta2) * gradient[i] * gradient[i];
                double mHat = _m[i] / (1 - Math.Pow(config.Beta1, _t)), vHat = _v[i] / (1 - Math.Pow(config.Beta2, _t));
                W[i] -= rate * (mHat / (Math.Sqrt(vHat) + config.Epsilon) + (i < undecayed ? 0 : config.WeightDecay) * W[i]);
            }
        }
    }

    [Fact]
    public void Threads_change_no_bit()
    {
        float[]? reference = null;
        for (int threads = 1; threads <= 3; threads++)
        {
            var set = new ParameterSet();
            var random = new Random(5);
            foreach (int size in new[] { 40_000, 3, 17_001, 16_384, 1 }) set.Values($"{size}", Samples.Normal(random, 1, 1, size).Span, size);
            var adam = new Adam(set, new AdamConfig(WeightDecay: 0.1f, ClipNorm: 1f), new Parallelism(threads));
            for (int step = 0; step < 3; step++)
            {
                DrawGradients(set, random);
                adam.Step(Rate, adam.GradientNorm());
            }
            float[] found = [.. Flat(set, p => p.Value), .. adam.State.SelectMany(state => state.Values), (float)adam.GradientNorm()];
            Samples.SameBits(reference ??= found, found, $"{threads} threads");
            adam.ClearGradients();
            Assert.Equal(0, adam.GradientNorm());
        }
    }

    // A large ε makes its place matter: outside of the corrected root, not of the plain one and not under it.
    [Theory]
    [InlineData(0.9f, 0.99f, 1e-8f, 0f)]
    [InlineData(0.9f, 0.99f, 0.5f, 0f)]
    [InlineData(0.8f, 0.999f, 1e-8f, 0.3f)]
    public void Fifty_steps_are_those_of_the_published_algorithm(float beta1, float beta2, float epsilon, float decay)
    {
        var config = new AdamConfig(beta1, beta2, epsilon, decay);
        ParameterSet set = TwoTensors(1);
        var adam = new Adam(set, config);
        var reference = new Published(config, [.. Flat(set, p => p.Value).Select(v => (double)v)], undecayed: 7);
        var random = new Random(2);
        for (int step = 0; step < 50; step++)
        {
            double rate = Rate * (1 + step % 3);
            DrawGradients(set, random, Math.Exp(random.NextNormal()));
            reference.Step(rate, Flat(set, p => p.Value.Grad!));
            adam.Step(rate, adam.GradientNorm());
        }
        Samples.Close(reference.W, Flat(set, p => p.Value), 3e-6, "weights");
        Assert.Equal([1f, 2f, 3f], set.Items[2].Value.Span.ToArray());
        Assert.Equal(50, adam.Updates);
    }

    [Fact]
    public void Weight_decay_does_not_pass_through_the_moments()
    {
        ParameterSet set = TwoTensors(3);
        float[] before = Flat(set, p => p.Value);
        var adam = new Adam(set, new AdamConfig(WeightDecay: 0.25f));
        foreach (Parameter p in Trained(set)) p.Value.Grad = new Tensor(p.Value.Batch, p.Value.Channels, p.Value.Length);
        adam.Step(0.5, 0);
        // The vector of seven does not decay.
        Samples.Close([.. before.Select((v, i) => i < 7 ? v : v * (1 - 0.5 * 0.25))], Flat(set, p => p.Value), 3e-7, "weights");
        Assert.All(adam.State, s => Assert.All(s.Values, v => Assert.Equal(0f, v)));
    }

    [Fact]
    public void Gains_biases_and_log_scales_do_not_decay_and_kernels_do()
    {
        var model = new CompactVocoder(new CompactConfig { Group = 16, Flows = 1, Layers = 1, Channels = 4, LinearPrediction = 0 },
            MelRecipe.ByName("hifigan"));
        model.Parameters.Randomize(3, 0.5);
        Dictionary<string, float[]> before = Trained(model.Parameters).ToDictionary(p => p.Name, p => p.Value.Span.ToArray());
        var adam = new Adam(model.Parameters, new AdamConfig(WeightDecay: 1f));
        foreach (Parameter p in Trained(model.Parameters)) p.Value.Grad = new Tensor(p.Value.Batch, p.Value.Channels, p.Value.Length);
        adam.Step(0.25, 0);
        string[] kept = ["bias", "weight_g", "log_scale", "shift", "log_diagonal"];
        foreach (Parameter p in Trained(model.Parameters))
        {
            float factor = kept.Contains(p.Name[(p.Name.LastIndexOf('.') + 1)..]) ? 1f : 0.75f;
            Samples.Close([.. before[p.Name].Select(v => (double)v * factor)], p.Value.Span, 1e-6, p.Name);
        }
        Assert.All(kept, name => Assert.Contains(before.Keys, key => key.EndsWith("." + name, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(4, 2.0)]
    [InlineData(4, 1e6)]
    public void Gradients_above_the_global_norm_are_scaled_to_it(int seed, double clip)
    {
        ParameterSet set = TwoTensors(seed);
        var adam = new Adam(set, new AdamConfig(ClipNorm: (float)clip));
        DrawGradients(set, new Random(seed), 3);
        float[] gradient = Flat(set, p => p.Value.Grad!);
        double norm = Math.Sqrt(gradient.Sum(g => (double)g * g)), factor = Math.Min(1, clip / norm);
        Assert.Equal(norm, adam.GradientNorm(), 1e-6 * norm);
        adam.Step(Rate, adam.GradientNorm());
        // Adam's step hides the scale of a gradient; its first moments, (1 - β1)·g after one step, show it.
        float[] first = [.. adam.State.Where(s => s.Name.StartsWith("adam.first.", StringComparison.Ordinal)).SelectMany(s => s.Values)];
        Samples.Close([.. gradient.Select(g => (1 - 0.9f) * factor * g)], first, 1e-6, "first moments");
        Assert.Equal(Math.Min(norm, clip), Math.Sqrt(first.Sum(m => (double)m * m)) / (1 - 0.9f), 1e-5);
    }

    [Fact]
    public void The_norm_of_large_tensors_is_accurate()
    {
        var set = new ParameterSet();
        Tensor w = set.Constant("w", 0f, 100, 103);
        w.Grad = Samples.Normal(new Random(5), 100, 103, 1);
        w.Grad.Span[^1] = 300;
        double expected = 0;
        foreach (float g in w.Grad.Span) expected += (double)g * g;
        Assert.Equal(Math.Sqrt(expected), new Adam(set, new AdamConfig()).GradientNorm(), 1e-5);
    }

    [Fact]
    public void Parameters_without_a_gradient_stay_and_changed_ones_are_marked()
    {
        ParameterSet set = TwoTensors(6);
        var adam = new Adam(set, new AdamConfig(WeightDecay: 0.1f));
        Tensor a = set.Items[0].Value, b = set.Items[1].Value;
        float[] before = a.Span.ToArray();
        int versionA = a.Version, versionB = b.Version;
        b.Grad = Samples.Normal(new Random(7), 2, 5, 1);
        adam.Step(Rate, adam.GradientNorm());
        Samples.SameBits(before, a.Span, "a");
        Assert.Equal(versionA, a.Version);
        Assert.True(b.Version > versionB);
        adam.ClearGradients();
        Assert.All(b.Grad.Span.ToArray(), g => Assert.Equal(0f, g));
    }

    [Fact]
    public void State_copied_to_another_optimiser_goes_on_bit_for_bit()
    {
        ParameterSet one = TwoTensors(8), two = TwoTensors(9);
        Adam first = new(one, new AdamConfig()), second = new(two, new AdamConfig());
        var random = new Random(10);
        for (int i = 0; i < 3; i++)
        {
            DrawGradients(one, random);
            first.Step(Rate, first.GradientNorm());
        }
        Assert.Equal(["adam.first.a", "adam.second.a", "adam.first.b", "adam.second.b"], first.State.Select(s => s.Name));
        foreach (var (name, values) in first.State) values.CopyTo(second.State.Single(s => s.Name == name).Values, 0);
        foreach (var (from, to) in one.Items.Zip(two.Items)) from.Value.Span.CopyTo(to.Value.Span);
        second.Updates = first.Updates;
        int seed = random.Next();
        foreach (var (set, adam) in new[] { (one, first), (two, second) })
        {
            var same = new Random(seed);
            for (int i = 0; i < 3; i++)
            {
                DrawGradients(set, same);
                adam.Step(Rate, adam.GradientNorm());
            }
        }
        Samples.SameBits(Flat(one, p => p.Value), Flat(two, p => p.Value), "weights");
    }
}
