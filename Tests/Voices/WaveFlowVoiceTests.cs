using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

public sealed class WaveFlowVoiceTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly PublishedVectors _vectors = new("waveflow_tiny_dilh");

    public void Dispose() => _folder.Dispose();

    private string Copy(string name, string? config)
    {
        File.Copy(Path.Combine(_vectors.Folder, "state_dict.safetensors"), _folder[name + ".safetensors"]);
        if (config != null) File.WriteAllText(_folder[name + ".json"], config);
        return _folder[name + ".safetensors"];
    }

    [Fact]
    public void A_published_checkpoint_loads_with_what_its_shapes_do_not_tell_beside_it()
    {
        string path = Copy("published", """{ "n_height": 16, "layers_per_dilation_h_cycle": 3, "bipartize": false }""");
        LoadedVoice voice = VoiceLibrary.Load(path);
        var model = Assert.IsType<WaveFlow>(voice.Model);
        Assert.Equal(WaveFlowModels.Config(_vectors.Config).ToJson(), model.Config.ToJson());
        _vectors.Check("z", model.Forward(new CpuOps(), _vectors.Tensor("audio"), _vectors.Tensor("mel")).Latent);
        Assert.Equal(6, VoiceLibrary.LoadRecipe(path).Bands);
    }

    [Fact]
    public void Without_it_the_published_configurations_are_assumed()
    {
        var model = Assert.IsType<WaveFlow>(VoiceLibrary.Load(Copy("alone", null)).Model);
        Assert.Equal((16, 1, true), (model.Config.Height, model.Config.HeightCycle, model.Config.SplitHalves));
        Assert.Equal((6, 8, 2, 5, "16,16"), (model.Config.MelChannels, model.Config.Channels, model.Config.Flows, model.Config.Layers,
            string.Join(",", model.Config.UpsampleScales)));
    }

    [Fact]
    public void A_voice_file_gives_back_every_bit()
    {
        WaveFlow model = WaveFlowModels.Shaken(new WaveFlowConfig { MelChannels = 5, Channels = 6, Height = 8, Layers = 2, Flows = 2,
            UpsampleScales = [4, 6] });
        using (FileStream stream = File.Create(_folder["v.safetensors"]))
            VoiceFile.Of(model, "tiny", "CC0", "a test", 5, new Dictionary<string, string>()).Write(stream);
        var read = Assert.IsType<WaveFlow>(VoiceLibrary.Load(_folder["v.safetensors"]).Model);
        Assert.Equal(model.Config.ToJson(), read.Config.ToJson());
        Assert.Equal(model.Recipe, read.Recipe);
        foreach (var (a, b) in model.Parameters.Items.Zip(read.Parameters.Items)) Assert.Equal(a.Value.Span, b.Value.Span);
    }

    [Fact]
    public void Files_that_do_not_fit_are_refused_in_one_line()
    {
        string Message(string path) => Assert.Throws<VocoderException>(() => VoiceLibrary.Load(path)).Message;
        string typing = Copy("typing", """{ "height": 8 }""");
        Assert.Contains(Path.ChangeExtension(typing, ".json") + ": a WaveFlow configuration is not usable", Message(typing));
        string odd = Copy("odd", """{ "n_height": 10 }""");
        Assert.Equal($"{odd}: configuration: n_height is 10, expected a divisor of the hop 256 from 2 to 128, even with bipartize", Message(odd));
    }
}
