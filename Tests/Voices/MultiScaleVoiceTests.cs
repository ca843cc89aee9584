using System.Text.Json;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

public sealed class MultiScaleVoiceTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory, InlineData("flowavenet_tiny"), InlineData("flowavenet_tiny_additive")]
    public void A_published_FloWaveNet_loads_by_its_shapes(string folder)
    {
        var vectors = new PublishedVectors(folder);
        var model = Assert.IsType<FloWaveNet>(VoiceLibrary.Load(Path.Combine(vectors.Folder, "state_dict.safetensors")).Model);
        JsonElement json = vectors.Config;
        Assert.Equal((json.GetProperty("n_block").GetInt32(), json.GetProperty("n_flow").GetInt32(), json.GetProperty("n_layer").GetInt32(),
            json.GetProperty("affine").GetBoolean(), 2),
            (model.Config.Blocks, model.Config.Flows, model.Config.Layers, model.Config.Affine, model.Config.BlocksPerSplit));
        Assert.Equal(vectors.Expected.GetProperty("loss").GetDouble(),
            model.Forward(new CpuOps(), vectors.Tensor("audio"), vectors.Tensor("mel")).Loss(new CpuOps()).Item + 0.5 * Math.Log(2 * Math.PI), 1e-4);
    }

    [Fact]
    public void A_published_WaveNODE_loads_by_its_shapes()
    {
        var vectors = new PublishedVectors("wavenode_tiny");
        var model = Assert.IsType<WaveNode>(VoiceLibrary.Load(Path.Combine(vectors.Folder, "state_dict.safetensors")).Model);
        WaveNodeConfig c = model.Config;
        Assert.Equal((3, 3, 4, 2, 2, 2, 8, 2, 8), (c.MelChannels, c.Blocks, c.FirstScale, c.Scale, c.SplitPeriod, c.Layers, c.Channels, c.PriorLayers,
            c.PriorChannels));
    }

    public static TheoryData<int> Numbers => MultiScaleModels.All();

    [Theory, MemberData(nameof(Numbers))]
    public void A_voice_file_gives_back_every_bit(int number)
    {
        MultiScaleVocoder model = MultiScaleModels.Shaken(number);
        using (FileStream stream = File.Create(_folder["v.safetensors"]))
            VoiceFile.Of(model, "tiny", "CC0", "a test", 5, new Dictionary<string, string>()).Write(stream);
        VocoderModel read = VoiceLibrary.Load(_folder["v.safetensors"]).Model;
        Assert.Equal((model.Kind, model.ConfigJson, model.Recipe), (read.Kind, read.ConfigJson, read.Recipe));
        foreach (var (a, b) in model.Parameters.Items.Zip(read.Parameters.Items)) Assert.Equal(a.Value.Span, b.Value.Span);
    }

    [Fact]
    public void A_scale_that_cannot_be_undone_is_refused()
    {
        MultiScaleVocoder model = MultiScaleModels.Shaken(0);
        model.Parameters.Items.First(p => p.Name == "blocks.1.flows.0.actnorm.scale").Value.Span[2] = 0;
        using (FileStream stream = File.Create(_folder["v.safetensors"]))
            VoiceFile.Of(model, "tiny", "CC0", "a test", 5, new Dictionary<string, string>()).Write(stream);
        Assert.EndsWith(": tensor 'blocks.1.flows.0.actnorm.scale': found a scale of 0, expected scales that can be undone",
            Assert.Throws<VocoderException>(() => VoiceLibrary.Load(_folder["v.safetensors"])).Message);
    }
}
