using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Models;

public class WaveGlowTests(ITestOutputHelper output)
{
    private static WaveGlowWaveNetConfig Net(int layers, int channels, int kernel) => new(layers, channels, kernel);

    public static TheoryData<WaveGlowConfig> Configurations() =>
    [
        WaveGlowReference.Config,
        new WaveGlowConfig(5, 4, 16, 1, 4, Net(2, 12, 5), 40, 20),     // something leaves before every flow; 20 is no multiple of 16
        new WaveGlowConfig(3, 3, 6, 2, 4, Net(1, 2, 1), 5, 5),         // a single layer of a single tap, kernel = stride
        new WaveGlowConfig(1, 2, 2, 9, 2, Net(4, 6, 3), 13, 6),        // nothing leaves
        new WaveGlowConfig(2, 3, 4, 1, 0, Net(2, 8, 7), 8, 8),         // nothing can leave
    ];

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void Audio_survives_the_round_trip(WaveGlowConfig config)
    {
        WaveGlow model = Shaken(config);
        int frames = 3 * config.Group;
        Tensor mel = Noise(2, config.MelChannels, frames, 1f, 3), audio = Noise(2, 1, frames * config.UpsampleStride, 0.1f, 4);
        var ops = new CpuOps();
        WaveGlowResult result = model.Forward(ops, audio, mel);
        Assert.Contains(result.SumLogScale, sum => Math.Abs(sum.Item) > 0.1);
        Tensor back = model.Generate(ops, mel, Parts(ops, model, result.Latent));
        var (max, relative) = WaveGlowReference.Error(audio.Span, back.Span);
        output.WriteLine($"max abs {max:g3}, relative L2 {relative:g3}");
        Assert.True(max <= 1e-4, $"max abs {max}");
    }

    [Fact]
    public void Audio_survives_the_round_trip_under_the_published_weights()
    {
        WaveGlow model = WaveGlowReference.Load();
        Tensor mel = WaveGlowReference.Tensor("mel.npy"), audio = WaveGlowReference.Tensor("audio.npy");
        var ops = new CpuOps();
        Tensor back = model.Generate(ops, mel, Parts(ops, model, model.Forward(ops, audio, mel).Latent));
        var (max, relative) = WaveGlowReference.Error(audio.Span, back.Span);
        output.WriteLine($"max abs {max:g3}, relative L2 {relative:g3}");
        Assert.True(max <= 1e-4, $"max abs {max}");
    }

    [Theory]
    [InlineData(1.0, "loss_sigma_1"), InlineData(0.70710678, "loss_sigma_sqrt_half")]
    public void The_likelihood_is_the_published_loss_with_its_constant(double sigma, string name)
    {
        WaveGlowResult result = WaveGlowReference.Load().Forward(new CpuOps(), WaveGlowReference.Tensor("audio.npy"), WaveGlowReference.Tensor("mel.npy"));
        double loss = WaveGlowReference.Expected.GetProperty(name).GetDouble();
        Assert.Equal(-loss - 0.5 * Math.Log(2 * Math.PI * sigma * sigma), result.LogLikelihood(new CpuOps(), sigma), 1e-6);
        Assert.Throws<ArgumentOutOfRangeException>(() => result.LogLikelihood(new CpuOps(), 0));
    }

    [Fact]
    public void Training_crops_the_mel_and_drops_samples_that_fill_no_group()
    {
        WaveGlow model = WaveGlowReference.Load();
        Tensor mel = WaveGlowReference.Tensor("mel.npy"), audio = WaveGlowReference.Tensor("audio.npy");
        var ops = new CpuOps();
        Tensor Latent(int samples, int frames) => model.Forward(ops, ops.Crop(audio, 0, samples), ops.Crop(mel, 0, frames)).Latent;
        // Sample n depends on frames up to n/256: later ones change nothing.
        Assert.Equal(Latent(2560, 12).Span, Latent(2560, 10).Span);
        Assert.Equal(Latent(2560, 12).Span, Latent(2567, 12).Span);
        // The last frame's kernel reaches 768 samples further, and no more.
        Assert.Equal(384, Latent(3072, 9).Length);
        string message = Assert.Throws<VocoderException>(() => Latent(3072, 8)).Message;
        Assert.Equal("mel: 8 frames reach 2816 samples, expected at least the audio's 3072", message);
    }

    [Fact]
    public void Noise_is_standard_normal_times_sigma_and_independent_of_where_it_is_cut()
    {
        WaveGlow model = WaveGlowReference.Load();
        var ops = new CpuOps();
        IReadOnlyList<Tensor> whole = model.DrawNoise(ops, 0.6f, 5, 0, 4000), tail = model.DrawNoise(ops, 0.6f, 5, 1237, 4000 - 1237);
        var rows = new List<float[]>();
        for (int i = 0; i < whole.Count; i++)
            for (int c = 0; c < whole[i].Channels; c++)
            {
                Assert.Equal(whole[i].Row(0, c)[1237..], tail[i].Row(0, c));
                rows.Add(whole[i].Row(0, c).ToArray());
            }
        Assert.Equal(8, rows.Count);
        for (int a = 0; a < 8; a++)
            for (int b = 0; b <= a; b++)
            {
                // The mean of 4000 products has a standard deviation of 0.36·√(2/4000) = 0.008 or less.
                double covariance = rows[a].Zip(rows[b], (x, y) => (double)x * y).Average();
                Assert.Equal(a == b ? 0.36 : 0, covariance, 0.04);
            }
        Assert.All(model.DrawNoise(ops, 0f, 5, 0, 10), part => Assert.All(part.Span.ToArray(), z => Assert.Equal(0f, z)));
    }

    [Fact]
    public void Input_that_does_not_fit_is_refused_in_one_line()
    {
        WaveGlow model = WaveGlowReference.Load();
        var ops = new CpuOps();
        string Message(Action action) => Assert.Throws<VocoderException>(action).Message;
        Assert.Equal("mel: found 80 bands and 3 frames, expected 8 bands and at least 1 frame", Message(() => model.Generate(ops, new Tensor(1, 80, 3), [])));
        Assert.Equal("mel: found 8 bands and 0 frames, expected 8 bands and at least 1 frame", Message(() => model.Generate(ops, new Tensor(1, 8, 0), [])));
        Assert.Equal("audio: found 7 samples, expected at least 8", Message(() => model.Forward(ops, new Tensor(1, 1, 7), new Tensor(1, 8, 3))));
        Assert.Equal("found 256000000 samples, expected at most 134217728 in one pass", Message(() => model.Generate(ops, new Tensor(1, 8, 1_000_000), [])));
        Assert.Throws<ArgumentException>(() => model.Generate(ops, new Tensor(1, 8, 2), [new(1, 4, 64), new(1, 2, 64), new(1, 2, 63)]));
    }

    [Theory]
    [InlineData("WN.1.start.weight_g", null, "s: tensor 'WN.1.start.weight_g' is missing, expected shape [32, 1, 1]")]
    [InlineData("convinv.3.conv.weight", new[] { 4, 4, 1 }, "s: tensor 'convinv.3.conv.weight' has shape [4, 4, 1], expected [6, 6, 1]")]
    [InlineData("convinv.6.conv.weight", new[] { 4, 4, 1 }, "s: found tensor 'convinv.6.conv.weight', expected 6 flows as configured")]
    public void Weights_that_do_not_fit_are_refused_in_one_line(string name, int[]? shape, string expected)
    {
        var tensors = new Dictionary<string, SafeTensor>(WaveGlowReference.Weights);
        tensors.Remove(name);
        if (shape != null) tensors[name] = new SafeTensor(shape, new float[shape.Aggregate((a, b) => a * b)]);
        Assert.Equal(expected, Assert.Throws<VocoderException>(
            () => new WaveGlow(WaveGlowReference.Config).Load("s", WaveGlowReference.Finder(tensors))).Message);
    }

    [Fact]
    public void Plain_weights_may_have_a_channel_of_zeros_but_no_other_shape()
    {
        var tensors = new Dictionary<string, SafeTensor>(WaveGlowReference.Weights);
        tensors.Remove("WN.0.start.weight_g");
        tensors.Remove("WN.0.start.weight_v");
        var weight = new float[32 * 4];
        weight.AsSpan(4).Fill(0.5f);
        tensors["WN.0.start.weight"] = new SafeTensor([32, 4, 1], weight);
        var model = new WaveGlow(WaveGlowReference.Config);
        model.Load("s", WaveGlowReference.Finder(tensors));
        Tensor gain = model.Parameters.Items.Single(p => p.Name == "WN.0.start.weight_g").Value;
        Assert.Equal([0f, .. Enumerable.Repeat(1f, 31)], gain.Span.ToArray());
        Tensor latent = model.Forward(new CpuOps(), WaveGlowReference.Tensor("audio.npy"), WaveGlowReference.Tensor("mel.npy")).Latent;
        Assert.All(latent.Span.ToArray(), z => Assert.True(float.IsFinite(z)));

        tensors["WN.0.start.weight"] = new SafeTensor([4, 32, 1], weight);
        string message = Assert.Throws<VocoderException>(() => model.Load("s", WaveGlowReference.Finder(tensors))).Message;
        Assert.Equal("s: tensor 'WN.0.start.weight' has shape [4, 32, 1], expected [32, 4, 1]", message);
    }

    // A fresh coupling is the identity; noise on the biases and on the last layers gives every part something to do.
    internal static WaveGlow Shaken(WaveGlowConfig config)
    {
        var model = new WaveGlow(config, seed: 1);
        var random = new Random(2);
        foreach (Parameter p in model.Parameters.Items.Where(
            p => p.Name.EndsWith("bias", StringComparison.Ordinal) || p.Name.Contains(".end.", StringComparison.Ordinal)))
        {
            foreach (ref float value in p.Value.Span) value += 0.2f * (random.NextSingle() - 0.5f);
            p.Value.MarkChanged();
        }
        return model;
    }

    internal static Tensor Noise(int batch, int channels, int length, float scale, ulong seed)
    {
        var tensor = new Tensor(batch, channels, length);
        new Philox(seed).Normal(tensor.Span, 0, 0, 0);
        foreach (ref float value in tensor.Span) value *= scale;
        return tensor;
    }

    // z holds what left first on top; noise is given in the order in which it is drawn.
    private static Tensor[] Parts(Ops ops, WaveGlow model, Tensor latent)
    {
        int last = latent.Channels;
        return [.. model.NoiseChannels.Select(count => ops.Slice(latent, last -= count, count))];
    }
}
