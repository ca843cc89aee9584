using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;
using FlowVocoder.Tests.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

public class CompactVoiceTests
{
    private static readonly float[] Mel = StreamRuns.BandMajor(StreamRuns.Mel(7, 80, 23), 80);

    public static TheoryData<CompactConfig> Configurations() => [.. CompactModels.Configurations(), .. CompactModels.Continuous()];

    [Theory]
    [MemberData(nameof(Configurations), DisableDiscoveryEnumeration = true)]
    public void A_voice_file_gives_back_every_bit(CompactConfig config)
    {
        CompactVocoder model = CompactModels.Create(config, CompactModels.Nvidia with { SampleRate = 24000 });
        using var folder = new TempFolder();
        using (FileStream stream = File.Create(folder["v.safetensors"]))
            VoiceFile.Of(model, "tiny", "CC0", "a test", 5, new Dictionary<string, string> { ["corpus"] = "none" }).Write(stream);
        VoiceFile file = VoiceFile.Read(folder["v.safetensors"]);
        Assert.Equal(("tiny", "compact", 5L, "none"), (file.Name, file.Model, file.Steps, file.Metadata["corpus"]));
        CompactVocoder read = CompactVoice.FromFile(file);
        Assert.Equal(model.Config.ToJson(), read.Config.ToJson());
        Assert.Equal(model.Recipe, read.Recipe);
        float[] Speak(CompactVocoder voice) => Synthesizer.Synthesize(voice, Mel, new SynthesisOptions { Seed = 3 }, new Parallelism(1));
        Samples.SameBits(Speak(model), Speak(read), "samples");
    }

    [Theory]
    [InlineData("WN.0.start.bias", null, "tiny: tensor 'WN.0.start.bias' is missing, expected shape [8]")]
    [InlineData("pitch.3.weight", new[] { 98, 8, 2 }, "tiny: tensor 'pitch.3.weight' has shape [98, 8, 2], expected [98, 8, 1]")]
    [InlineData("convinv.2.conv.permutation", new[] { 16 }, "tiny: tensor 'convinv.2.conv.permutation' has shape [16], expected [12]")]
    [InlineData("WN.3.end.bias", new[] { 12 }, "tiny: found tensors that a compact model of this configuration does not have: 'WN.3.end.bias'; expected none")]
    public void Tensors_that_do_not_fit_are_refused_in_one_line(string name, int[]? shape, string expected)
    {
        VoiceFile good = Voice();
        var tensors = new Dictionary<string, SafeTensor>(good.Tensors);
        tensors.Remove(name);
        if (shape != null) tensors[name] = new SafeTensor(shape, new float[shape.Aggregate((a, b) => a * b)]);
        Assert.Equal(expected, Message(With(good, good.Model, good.Config, good.Recipe, tensors)));
    }

    [Fact]
    public void Another_kind_configuration_or_recipe_is_refused_by_the_name_of_the_file()
    {
        VoiceFile good = Voice();
        Assert.Equal("tiny: holds a model of kind 'waveglow', expected 'compact'", Message(With(good, "waveglow", good.Config, good.Recipe, good.Tensors)));
        Assert.StartsWith("tiny: the model configuration is not usable: ", Message(With(good, "compact", """{"size":1}""", good.Recipe, good.Tensors)), StringComparison.Ordinal);
        Assert.Equal("tiny: configuration: group is 48, expected a divisor of the hop 256 between 2 and 256",
            Message(With(good, "compact", """{"group":48}""", good.Recipe, good.Tensors)));
        Assert.StartsWith("tiny: mel recipe cannot be read: ", Message(With(good, "compact", good.Config, "{}", good.Tensors)), StringComparison.Ordinal);
    }

    private static VoiceFile Voice() => VoiceFile.Of(CompactModels.Create(CompactModels.Small), "tiny", "CC0", "a test", 0, new Dictionary<string, string>());

    private static VoiceFile With(VoiceFile voice, string kind, string config, string recipe, IReadOnlyDictionary<string, SafeTensor> tensors) => new()
    {
        Name = voice.Name, Model = kind, Config = config, Recipe = recipe, Licence = "", Provenance = "", Steps = 0, Tensors = tensors,
    };

    private static string Message(VoiceFile voice) => Assert.Throws<VocoderException>(() => CompactVoice.FromFile(voice)).Message;

    [Theory]
    [InlineData("permutation", 1e9f), InlineData("permutation", -1f), InlineData("permutation", 0.5f), InlineData("permutation", float.MaxValue),
        InlineData("permutation", 3f)]
    [InlineData("sign", 2f), InlineData("sign", 0f), InlineData("sign", -1.0001f)]
    public void Constants_that_are_not_what_they_stand_for_are_refused(string constant, float value)
    {
        CompactVocoder model = FlowVocoder.Tests.Models.CompactModels.Create(FlowVocoder.Tests.Models.CompactModels.Small);
        VoiceFile voice = VoiceFile.Of(model, "a", "b", "c", 1, new Dictionary<string, string>());
        SafeTensor tensor = voice.Tensors[$"convinv.1.conv.{constant}"];
        // 3 is a row that another place has already.
        int at = value == 3f ? Array.IndexOf(tensor.Data, 3f) == 0 ? 1 : 0 : 0;
        tensor.Data[at] = value;
        Refusal.Expect(() => CompactVoice.FromFile(voice), "convinv.1", $"{constant} has ", "expected");
    }
}
