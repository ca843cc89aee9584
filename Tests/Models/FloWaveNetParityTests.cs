using System.Text.Json;
using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Models;

/// <summary>FloWaveNet with affine and with additive couplings against the published implementation, on weights it drew.</summary>
public class FloWaveNetParityTests(ITestOutputHelper output)
{
    private static readonly FloWaveNetConfig s_small = new()
    {
        MelChannels = 3, Blocks = 3, Flows = 2, Layers = 1, BlocksPerSplit = 2, Channels = 4, UpsampleScales = [4, 4],
    };

    public static TheoryData<string> Folders => ["flowavenet_tiny", "flowavenet_tiny_additive"];

    private (PublishedVectors Vectors, FloWaveNet Model) Load(string folder)
    {
        var vectors = new PublishedVectors(folder, output);
        JsonElement json = vectors.Config;
        int Number(string name) => json.GetProperty(name).GetInt32();
        var model = new FloWaveNet(new FloWaveNetConfig
        {
            MelChannels = Number("cin_channel"), Blocks = Number("n_block"), Flows = Number("n_flow"), Layers = Number("n_layer"),
            Affine = json.GetProperty("affine").GetBoolean(),
            BlocksPerSplit = Number("block_per_split"), Channels = Number("filter_size"),
        });
        vectors.Load(model.Parameters);
        return (vectors, model);
    }

    private static double Sum(MultiScaleResult result, Func<string, bool> isWanted) =>
        result.LogDets.Where(layer => isWanted(layer.Layer)).Sum(layer => (double)layer.LogDet.Item);

    [Theory, MemberData(nameof(Folders))]
    public void Normalising_gives_the_published_latents_determinants_and_loss(string folder)
    {
        var (vectors, model) = Load(folder);
        var ops = new CpuOps();
        Tensor audio = vectors.Tensor("audio"), mel = vectors.Tensor("mel");
        if (folder == "flowavenet_tiny") vectors.Check("mel_upsampled", model.Upsample(ops, mel));
        MultiScaleResult result = model.Forward(ops, audio, mel);
        vectors.Check("z_last", result.Latents[1]);
        JsonElement expected = vectors.Expected;
        for (int i = 0, k = 0; i < model.Config.Blocks; i++)
            for (int j = 0; j < model.Config.Flows; j++, k++)
                vectors.Check($"log det of block {i}, flow {j}", expected.GetProperty("logdet_per_flow")[k].GetDouble(),
                    Sum(result, name => name == $"blocks.{i}.flows.{j}"));
        // The published density of a split has its constant, and -Σ log σ, which here are the prior's own.
        Tensor split = result.Latents[0];
        double prior = Sum(result, name => name == "blocks.1.prior") - 0.5 * ops.SumSquares(split).Item - 0.5 * Math.Log(2 * Math.PI) * split.Size;
        vectors.Check("log p of the split", expected.GetProperty("log_p_per_split_block")[1].GetDouble(), prior);
        vectors.Check("loss", expected.GetProperty("loss").GetDouble(), result.Loss(ops).Item + 0.5 * Math.Log(2 * Math.PI));
        if (folder != "flowavenet_tiny") return;
        Tensor mean = vectors.Tensor("split0_mean"), logScale = vectors.Tensor("split0_log_sd");
        vectors.Check("split", ops.AffineInverse(vectors.Tensor("split0_z"), logScale, mean).Span, split.Span);
    }

    [Theory, MemberData(nameof(Folders))]
    public void Every_gradient_is_the_published_one(string folder)
    {
        var (vectors, model) = Load(folder);
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        tape.Backward(model.Forward(ops, vectors.Tensor("audio"), vectors.Tensor("mel")).Loss(ops));
        vectors.CheckGradients(model.Parameters);
    }

    [Theory, MemberData(nameof(Folders))]
    public void Generating_gives_the_published_audio_from_its_noise(string folder)
    {
        var (vectors, model) = Load(folder);
        Tensor noise = vectors.Tensor("infer_noise");
        float temperature = vectors.Expected.GetProperty("infer_temp").GetSingle();
        foreach (ref float z in noise.Span) z *= temperature;
        vectors.Check("infer_audio", model.Generate(new CpuOps(), vectors.Tensor("mel"), noise));
    }

    [Theory, MemberData(nameof(Folders))]
    public void The_first_batch_sets_the_normalisation_as_published(string folder)
    {
        var (vectors, model) = Load(folder);
        foreach (Parameter p in model.Parameters.Items)
        {
            if (p.Name.EndsWith("actnorm.loc", StringComparison.Ordinal)) p.Value.Span.Clear();
            if (p.Name.EndsWith("actnorm.scale", StringComparison.Ordinal)) p.Value.Span.Fill(1f);
            p.Value.MarkChanged();
        }
        var ops = new CpuOps();
        model.Initialize(ops, vectors.Tensor("audio"), vectors.Tensor("mel"));
        foreach (var (name, tensor) in vectors.Weights("actnorm_init"))
            vectors.Check(name, tensor.Data, model.Parameters.Items.Single(p => p.Name == name).Value.Span);
        vectors.Check("loss", vectors.Expected.GetProperty("loss_at_actnorm_init").GetDouble(),
            model.Forward(ops, vectors.Tensor("audio"), vectors.Tensor("mel")).Loss(ops).Item + 0.5 * Math.Log(2 * Math.PI));
    }

    [Fact]
    public void The_network_is_the_published_one_when_it_is_causal_too()
    {
        var vectors = new PublishedVectors("flowavenet_tiny", output);
        var parameters = new ParameterSet();
        var net = new ResidualWaveNet(parameters, new ResidualWaveNetConfig(2, 2, 6, 10, 8, Causal: true), 2, 4, 3);
        vectors.Load(parameters, "wavenet_causal_state_dict");
        vectors.Check("wavenet_causal_out", net.Apply(new CpuOps(), vectors.Tensor("wavenet_causal_x"), vectors.Tensor("wavenet_causal_c")));
    }

    [Theory, InlineData(1, 1), InlineData(2, 1), InlineData(3, 2)]
    public void Audio_survives_the_round_trip_for_any_number_of_flows(int flows, int perSplit)
    {
        var model = new FloWaveNet(s_small with { Flows = flows, BlocksPerSplit = perSplit }, 1);
        model.Parameters.Randomize(2, 0.3);
        var random = new Random(3);
        Tensor mel = Samples.Normal(random, 2, 3, 2), audio = Samples.Normal(random, 2, 1, 32);
        var ops = new CpuOps();
        MultiScaleResult result = model.Forward(ops, audio, mel);
        // Noise at audio rate, from the parts that left: what a split gave away is the second half.
        Tensor z = result.Latents[^1];
        for (int i = model.Config.Blocks - 1, part = result.Latents.Count - 2; i >= 0; i--)
        {
            if ((i + 1) % perSplit == 0 && i < model.Config.Blocks - 1) z = ops.Concat(z, result.Latents[part--]);
            z = ops.Unfold(z, 2);
        }
        var (max, _) = WaveGlowReference.Error(audio.Span, model.Generate(ops, mel, z).Span);
        Assert.True(max <= 1e-4, $"max abs {max}");
        Assert.True(WaveGlowReference.Error(audio.Span, z.Span).RelativeL2 > 0.1);
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var model = new FloWaveNet(s_small);
        string Message(int bands, int frames, int samples) =>
            Assert.Throws<VocoderException>(() => model.Forward(new CpuOps(), new Tensor(1, 1, samples), new Tensor(1, bands, frames))).Message;
        Assert.Equal("mel: found 2 bands, expected 3", Message(2, 1, 16));
        Assert.Equal("found 12 samples, expected a multiple of 8", Message(3, 1, 12));
        Assert.Equal("mel: 1 frames are 16 samples, expected at least 24", Message(3, 1, 24));
        Assert.Equal("configuration: blocks is 9, expected 1 to 8",
            Assert.Throws<VocoderException>(() => new FloWaveNet(new FloWaveNetConfig { Blocks = 9 })).Message);
    }
}
