using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Tests.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

public class WaveGlowVoiceTests
{
    public static TheoryData<string> Checkpoints => ["module_zip.pt", "module_legacy.pt", "state_dict_unfused.pt", "state_dict.safetensors"];

    [Theory, MemberData(nameof(Checkpoints))]
    public void A_checkpoint_gives_the_published_audio_from_the_published_noise(string file)
    {
        string path = WaveGlowFixture.Path(file);
        Assert.True(WaveGlowVoice.CanRead(path));
        WaveGlow model = WaveGlowVoice.FromCheckpoint(path);
        Assert.Equal(WaveGlowReference.Config, model.Config);
        float sigma = WaveGlowReference.Expected.GetProperty("infer_sigma").GetSingle();
        Tensor[] noise = [.. Enumerable.Range(0, 3).Select(i => WaveGlowReference.Tensor($"infer_noise_{i}.npy"))];
        foreach (Tensor part in noise)
            foreach (ref float z in part.Span) z *= sigma;
        Tensor audio = model.Generate(new CpuOps(), WaveGlowReference.Tensor("mel.npy"), noise);
        Assert.InRange(WaveGlowReference.Error(WaveGlowReference.Array("infer_audio.npy"), audio.Span).RelativeL2, 0, 1e-4);
    }

    // Both files are PyTorch's, see make.py beside them: parametrised weight norm in a compiled model of Lightning, and the weights it stands for.
    [Fact]
    public void A_checkpoint_with_wrappers_and_parametrised_weight_norm_says_the_same_as_the_plain_weights()
    {
        MelRecipe recipe = MelRecipe.ByName("nvidia") with { Bands = 2, HopSize = 4 };
        float[] mel = [.. Enumerable.Range(0, 2 * 9).Select(i => MathF.Sin(i))];
        string folder = Path.Combine(AppContext.BaseDirectory, "Fixtures", "waveglow_wrapped");
        float[] Speak(string file) => Synthesizer.Synthesize(
            WaveGlowVoice.FromCheckpoint(Path.Combine(folder, file), recipe), mel, new SynthesisOptions { Seed = 3 }, new Parallelism(1));
        float[] plain = Speak("plain.pt");
        Assert.InRange(plain.Max() - plain.Min(), 1, 100);
        Assert.InRange(WaveGlowReference.Error(plain, Speak("wrapped.pt")).RelativeL2, 0, 1e-5);
    }

    [Fact]
    public void A_voice_file_gives_back_every_bit()
    {
        WaveGlow model = WaveGlowVoice.FromCheckpoint(WaveGlowFixture.Path("module_zip.pt"), MelRecipe.ByName("nvidia") with { Bands = 8, SampleRate = 16000 });
        using var folder = new TempFolder();
        using (FileStream stream = File.Create(folder["v.safetensors"]))
            VoiceFile.Of(model, "tiny", "CC0", "a test", 5, new Dictionary<string, string>()).Write(stream);
        Assert.False(WaveGlowVoice.CanRead(folder["v.safetensors"]));
        VoiceFile file = VoiceFile.Read(folder["v.safetensors"]);
        Assert.Equal(("tiny", "waveglow", 5L), (file.Name, file.Model, file.Steps));
        WaveGlow read = WaveGlowVoice.FromFile(file);
        Assert.Equal((model.Config, model.Recipe), (read.Config, read.Recipe));
        float[] mel = WaveGlowReference.Array("mel.npy")[..(8 * 12)];
        float[] Speak(WaveGlow voice) => Synthesizer.Synthesize(voice, mel, new SynthesisOptions { Seed = 3 }, new Parallelism(1));
        Samples.SameBits(Speak(model), Speak(read), "samples");
    }

    [Fact]
    public void A_checkpoint_whose_convolution_has_no_inverse_is_refused_by_its_file()
    {
        using var folder = new TempFolder();
        var tensors = WaveGlowFixture.Reference().ToDictionary(t => t.Key, t => t.Value);
        // Two rows alike.
        float[] weight = [.. tensors["convinv.3.conv.weight"].Data];
        weight.AsSpan(0, 6).CopyTo(weight.AsSpan(6));
        tensors["convinv.3.conv.weight"] = new SafeTensor([6, 6, 1], weight);
        using (FileStream stream = File.Create(folder["singular"])) SafeTensorsFile.Write(stream, tensors, new Dictionary<string, string>());
        Assert.Equal($"{folder["singular"]}: the 1×1 convolution 'convinv.3' has no inverse, expected weights that have one",
            Assert.Throws<VocoderException>(() => WaveGlowVoice.FromCheckpoint(folder["singular"])).Message);
    }

    [Fact]
    public void Files_of_other_content_are_not_taken_for_checkpoints()
    {
        using var folder = new TempFolder();
        Assert.False(WaveGlowVoice.CanRead(folder.Add("empty", [])));
        Assert.False(WaveGlowVoice.CanRead(folder.Add("text", "RIFF1234WAVEfmt "u8.ToArray())));
        // A header of 640 = 0x280 bytes begins like a pickle of protocol 2.
        byte[] header = [0x80, 2, 0, 0, 0, 0, 0, 0, .. System.Text.Encoding.ASCII.GetBytes(
            "{\"__metadata__\":{\"format\":\"flowvocoder-voice\"}}".PadRight(640))];
        Assert.False(WaveGlowVoice.CanRead(folder.Add("voice", header)));
        using (FileStream stream = File.Create(folder["checkpoint"]))
            SafeTensorsFile.Write(stream, WaveGlowFixture.Reference(), new Dictionary<string, string> { ["format"] = "flowvocoder-checkpoint" });
        Assert.False(WaveGlowVoice.CanRead(folder["checkpoint"]));
        Assert.EndsWith("no such file", Assert.Throws<VocoderException>(() => WaveGlowVoice.CanRead(folder["none"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_configuration_follows_from_the_shapes()
    {
        // Plain weights, nothing leaving, other upsampling.
        var config = new WaveGlowConfig(3, 2, 6, 2, 0, new WaveGlowWaveNetConfig(2, 4, 5), 20, 10);
        Dictionary<string, SafeTensor> tensors = new WaveGlow(config).Parameters.Items.Where(p => !p.Name.EndsWith("_g", StringComparison.Ordinal))
            .ToDictionary(p => p.Name.Replace("weight_v", "weight", StringComparison.Ordinal), p => new SafeTensor(p.Shape, p.Value.Span.ToArray()));
        Assert.Equal(config, Load(tensors, MelRecipe.ByName("nvidia") with { Bands = 3, HopSize = 10 }).Config);
        // The default hop does not go with a kernel of 20.
        Assert.Contains("upsample_kernel_size is 20, expected at least the stride, 256", Refusal(tensors), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("upsample.weight", null, "found no tensor 'upsample.weight', expected the weights of a WaveGlow")]
    [InlineData("convinv.0.conv.weight", null, "found no tensor 'convinv.0.conv.weight', expected the weights of a WaveGlow")]
    [InlineData("convinv.3.conv.weight", null, "found tensors that a waveglow model of this configuration does not have: ")]
    [InlineData("WN.0.in_layers.0.weight_v", null, "found no tensor 'WN.0.in_layers.0.weight', expected the weights of a WaveGlow")]
    [InlineData("WN.2.end.bias", null, "tensor 'WN.2.end.bias' is missing, expected shape [6]")]
    [InlineData("convinv.3.conv.weight", new[] { 4, 4, 1 }, "tensor 'convinv.3.conv.weight' has shape [4, 4, 1], expected [6, 6, 1]")]
    [InlineData("WN.9.end.bias", new[] { 1, 1, 1 }, "found tensors that a waveglow model of this configuration does not have: 'WN.9.end.bias'; expected none")]
    public void Other_weights_are_refused_in_one_line(string name, int[]? shape, string expected)
    {
        var tensors = new Dictionary<string, SafeTensor>(WaveGlowFixture.Reference());
        tensors.Remove(name);
        if (shape != null) tensors[name] = new SafeTensor(shape, new float[shape.Aggregate((a, b) => a * b)]);
        string message = Refusal(tensors);
        Assert.Contains(": " + expected, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Fact]
    public void A_voice_of_another_kind_or_recipe_is_refused_by_its_name()
    {
        VoiceFile Voice(string kind, string recipe) => new()
        {
            Name = "v", Model = kind, Config = WaveGlowReference.ConfigText, Recipe = recipe, Licence = "", Provenance = "", Steps = 0,
            Tensors = WaveGlowFixture.Reference(),
        };
        string Message(string kind, string recipe) => Assert.Throws<VocoderException>(() => WaveGlowVoice.FromFile(Voice(kind, recipe))).Message;
        Assert.Equal("v: holds a model of kind 'compact', expected 'waveglow'", Message("compact", "{}"));
        Assert.StartsWith("v: mel recipe cannot be read: ", Message("waveglow", "{}"), StringComparison.Ordinal);
        Assert.StartsWith("v: mel recipe vocos has 100 bands", Message("waveglow", MelRecipe.ByName("vocos").ToJson()), StringComparison.Ordinal);
    }

    private static string Refusal(Dictionary<string, SafeTensor> tensors) => Assert.Throws<VocoderException>(() => Load(tensors, null)).Message;

    private static WaveGlow Load(Dictionary<string, SafeTensor> tensors, MelRecipe? recipe)
    {
        using var folder = new TempFolder();
        using (FileStream stream = File.Create(folder["w.safetensors"])) SafeTensorsFile.Write(stream, tensors);
        return WaveGlowVoice.FromCheckpoint(folder["w.safetensors"], recipe);
    }
}
