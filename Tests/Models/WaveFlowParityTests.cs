using System.Text.Json;
using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Models;

namespace FlowVocoder.Tests.Models;

/// <summary>Both directions and every gradient against the published implementation, on weights it drew.</summary>
public class WaveFlowParityTests(ITestOutputHelper output)
{
    public static TheoryData<string> Folders => ["waveflow_tiny", "waveflow_tiny_dilh"];

    [Theory, MemberData(nameof(Folders))]
    public void The_mel_is_brought_to_audio_rate(string folder)
    {
        var vectors = new PublishedVectors(folder, output);
        var parameters = new ParameterSet();
        var upsampler = new PlaneUpsampler(parameters.Scope("upsample_conv"), [16, 16]);
        var weights = vectors.Weights();
        parameters.Load(folder, name => (weights[name].Shape, weights[name].Data));
        vectors.Check("mel_upsampled", upsampler.Apply(new CpuOps(), vectors.Tensor("mel")));
    }

    [Theory, MemberData(nameof(Folders))]
    public void Normalising_gives_the_published_latent_determinants_and_losses(string folder)
    {
        var (vectors, model) = Load(folder);
        var ops = new CpuOps();
        WaveFlowResult result = model.Forward(ops, vectors.Tensor("audio"), vectors.Tensor("mel"));
        vectors.Check("z", result.Latent);
        JsonElement expected = vectors.Expected;
        foreach (var (k, logDet) in result.LogDets.Index())
            vectors.Check($"log det of flow {k}", expected.GetProperty("logdet_per_flow")[k].GetDouble(), logDet.Item);
        vectors.Check("loss at 1", expected.GetProperty("loss_sigma_1").GetDouble(), result.Loss(ops, 1f).Item + WaveFlowResult.Constant(1));
        vectors.Check("loss at 0.7", expected.GetProperty("loss_sigma_0_7").GetDouble(), -result.LogLikelihood(ops, 0.7));
    }

    [Theory, MemberData(nameof(Folders))]
    public void Every_gradient_is_the_published_one(string folder)
    {
        var (vectors, model) = Load(folder);
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        tape.Backward(model.Forward(ops, vectors.Tensor("audio"), vectors.Tensor("mel")).Loss(ops, 1f));
        vectors.CheckGradients(model.Parameters);
    }

    [Theory, MemberData(nameof(Folders))]
    public void Generating_gives_the_published_audio_from_its_noise(string folder)
    {
        var (vectors, model) = Load(folder);
        int height = model.Config.Height, batch = vectors.Tensor("mel").Batch;
        // [B, 1, H, W]
        Tensor planes = vectors.Tensor("infer_noise", batch, height, vectors.Array("infer_noise").Length / (batch * height));
        float temperature = vectors.Expected.GetProperty("infer_temp").GetSingle();
        foreach (ref float z in planes.Span) z *= temperature;
        Assert.True(model.HasPublishedInverse);
        // The published synthesis leaves out the last 768 samples of the mel, as its noise does.
        vectors.Check("infer_audio", model.Generate(new CpuOps(), vectors.Tensor("mel"), planes));
    }

    private (PublishedVectors Vectors, WaveFlow Model) Load(string folder)
    {
        var vectors = new PublishedVectors(folder, output);
        var model = new WaveFlow(WaveFlowModels.Config(vectors.Config));
        vectors.Load(model.Parameters);
        return (vectors, model);
    }
}
