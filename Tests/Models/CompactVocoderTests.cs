using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Flows;
using FlowVocoder.Tests.Streaming;

namespace FlowVocoder.Tests.Models;

public class CompactVocoderTests(ITestOutputHelper output)
{
    private static readonly Parallelism One = new(1);

    public static TheoryData<CompactConfig> Configurations() => CompactModels.Configurations();

    public static TheoryData<CompactConfig> WithoutPhase() => CompactModels.WithoutPhase();

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void Speech_and_latents_survive_the_round_trip(CompactConfig config)
    {
        CompactVocoder model = CompactModels.Create(config);
        var chain = new CompactChain(model, frames: 6, meanMel: -5f);
        var ops = new CpuOps();
        Tensor[] noise = CompactModels.Latents(model, 7, 1f, chain.Samples / config.Group);
        float[] x = chain.Inverse(ops, noise);
        var (latents, logDet) = chain.Forward(ops, x);
        double latentError = noise.Zip(latents, FlowChecks.Distance).Max(), peak = x.Max(Math.Abs);
        double error = WaveGlowReference.Error(x, chain.Inverse(ops, latents)).MaxAbs;
        output.WriteLine($"peak {peak:g3}; z {latentError:g3}, x {error:g3}; log det {logDet / chain.Samples:g4} a sample");
        Assert.InRange(latentError, 0, 1e-4);
        Assert.InRange(error, 0, 1e-4);
        Assert.InRange(peak, 0.001, 100);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(6, false)]
    [InlineData(0, true)]
    [InlineData(6, true)]
    public void The_log_det_of_the_whole_chain_is_that_of_its_jacobian(int order, bool phase)
    {
        // Two frames of 32 samples; this level of the mel has gains near 1, and so steps of differences that suit the couplings.
        CompactConfig config = CompactModels.Small with { LinearPrediction = order, Harmonics = phase ? [1, 2] : [], MelOffset = 0.2f };
        CompactVocoder model = CompactModels.Create(config, CompactModels.Nvidia with { HopSize = 32 });
        var chain = new CompactChain(model, frames: 2, meanMel: -0.2f);
        Assert.All(chain.Gains, g => Assert.InRange(g, 0.2f, 5f));
        Tensor x = Samples.Normal(new Random(8), 1, 1, chain.Samples);
        FlowChecks.LogDetEqualsJacobian((ops, input) =>
        {
            var (latents, logDet) = chain.Forward(ops, input.Span);
            return ([.. latents.SelectMany(z => z.Span.ToArray())], logDet);
        }, x);
    }

    // The mode of the flow has z = 0: were anything that the score does not what the stream did, z would not come out as 0.
    [Theory]
    [MemberData(nameof(WithoutPhase), DisableDiscoveryEnumeration = true)]
    public void Scoring_speech_finds_the_noise_it_was_made_from(CompactConfig config)
    {
        CompactVocoder model = CompactModels.Create(config);
        const int Frames = 9;
        float[] mel = StreamRuns.BandMajor(StreamRuns.Mel(Frames, 80, 9), 80);
        foreach (float sigma in new[] { 0f, 0.8f })
        {
            float[] audio = Synthesizer.Synthesize(model, mel, new SynthesisOptions { Sigma = sigma, Seed = 4, Match = 0 }, One);
            Likelihood score = model.Score(mel, audio, new Parallelism(2));
            double squares = CompactModels.Latents(model, 4, sigma, Frames * 256 / config.Group).Sum(z => z.Span.ToArray().Sum(v => (double)v * v));
            double z = score.Parts.Single(part => part.Layer == "z").Nats;
            output.WriteLine($"σ {sigma}: z {z:g9}, total {score.NatsPerSample:g6}");
            Assert.Equal(-0.5 * squares / audio.Length - 0.5 * Math.Log(2 * Math.PI), z, 1e-6);
            Assert.Equal(audio.Length, score.Samples);
            Assert.Equal(score.NatsPerSample, score.Parts.Sum(part => part.Nats), 1e-12);
        }
    }

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void Every_layer_has_its_part_of_the_score_of_whole_hops(CompactConfig config)
    {
        CompactVocoder model = CompactModels.Create(config);
        float[] mel = StreamRuns.BandMajor(StreamRuns.Mel(6, 80, 9), 80), audio = new float[5 * 256 + 100];
        for (int i = 0; i < audio.Length; i++) audio[i] = 0.1f * MathF.Sin(0.05f * i);
        Likelihood score = model.Score(mel, audio, One);
        Assert.Equal(5 * 256, score.Samples);
        IEnumerable<string> expected = Enumerable.Range(0, 3).SelectMany(k => new[] { $"actnorm.{k}", $"convinv.{k}", $"WN.{k}" });
        if (config.LinearPrediction > 0) expected = expected.Prepend("linear prediction");
        Assert.Equal([.. expected, "z"], score.Parts.Select(part => part.Layer));
        Assert.All(score.Parts, part => Assert.True(double.IsFinite(part.Nats) && part.Nats != 0, $"{part.Layer}: {part.Nats}"));
        Assert.Equal("there is nothing to score: 255 samples and 6 mel frames, expected at least 256 and 1",
            Assert.Throws<VocoderException>(() => model.Score(mel, audio.AsSpan(0, 255), One)).Message);
    }

    [Fact]
    public void The_default_configuration_costs_what_its_layers_say()
    {
        var model = new CompactVocoder(new CompactConfig(), CompactModels.Nvidia);
        double melEncoder = 80 * 128 * 5 + 128 * 128 * 3 + 128 * (96 * 8), pitch = 80 * 128 * 3 + 2 * (128 * 128 * 3) + 128 * (96 + 2);
        double phase = (1 + 2 * 6 * 4) * 96 * 3 + 96 * 96, flows = 0;
        foreach (int width in new[] { 32, 32, 28, 28, 24, 24 })
            flows += width * width                                       // convinv
                + width / 2 * 96 + 96 * width                            // start, end
                + 4 * (96 * 192) + 4 * (96 * 192 * 3)                    // cond_layer, in_layers
                + 3 * (96 * 192) + 96 * 96;                              // res_skip_layers
        double expected = 22050.0 / 256 * (melEncoder + pitch) + 22050.0 / 32 * (flows + phase) + 22050.0 * 24;
        Assert.Equal(expected, model.MacsPerSecond, 1);
        output.WriteLine($"default: {model.MacsPerSecond / 1e9:f3} GMAC/s, {model.Parameters.Count} parameters, {model.PastSamples} samples back");
        // Two taps at dilations 1, 2, 4, 8 of 6 couplings and the phase encoder's, in groups of 32; six frames of the mel encoder.
        Assert.Equal((6 * 30 + 2) * 32 + 6 * 256, model.PastSamples);
    }

    [Fact]
    public void The_prototype_s_size_costs_0_6_gmac()
    {
        // 6 flows of 3 layers of 96 channels over groups of 64: 0.54 GMAC/s in the prototype, which had no cost of mel and pitch counted.
        var model = new CompactVocoder(new CompactConfig { Group = 64, Layers = 3 }, CompactModels.Nvidia);
        output.WriteLine($"group 64, 3 layers: {model.MacsPerSecond / 1e9:f3} GMAC/s, {model.Parameters.Count} parameters; the flow alone "
            + $"{model.Stack.MacsPerStep * 22050.0 / 64 / 1e9:f3}");
        Assert.Equal(0.578e9, model.Stack.MacsPerStep * 22050.0 / 64, 0.001e9);
        Assert.InRange(model.MacsPerSecond, 0.54e9, 0.62e9);
    }
}
