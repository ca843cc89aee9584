using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Cli;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Voices;

public sealed class VoiceLibraryTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public VoiceLibraryTests()
    {
        Write("anna", []);
        Write("ben", new() { [LoadedVoice.SigmaKey] = "0.75" });
    }

    public void Dispose() => _folder.Dispose();

    private void Write(string name, Dictionary<string, string> metadata)
    {
        var model = new CompactVocoder(CliFixture.TinyConfig, MelRecipe.ByName("nvidia"), seed: 3);
        using FileStream stream = File.Create(_folder[name + ".safetensors"]);
        VoiceFile.Of(model, name, "CC0", "a test", 1, metadata).Write(stream);
    }

    [Fact]
    public void Lists_the_voices_of_a_folder()
    {
        Assert.Equal(["anna", "ben"], VoiceLibrary.Names(_folder.Root));
        Assert.Empty(VoiceLibrary.Names(_folder["absent"]));
    }

    [Fact]
    public void Loads_by_name_and_by_file()
    {
        LoadedVoice named = VoiceLibrary.Load("ben", _folder.Root), file = VoiceLibrary.Load(_folder["ben.safetensors"], _folder["absent"]);
        Assert.Equal(("ben", _folder["ben.safetensors"], 0.75f), (named.Name, named.Source, named.Sigma));
        Assert.Equal(named.Model.Parameters.Items.SelectMany(p => p.Value.Span.ToArray()), file.Model.Parameters.Items.SelectMany(p => p.Value.Span.ToArray()));
        Assert.Equal(1f, VoiceLibrary.Load("anna", _folder.Root).Sigma);
        Assert.Null(VoiceLibrary.LoadRecipe("anna", _folder.Root).Mismatch(MelRecipe.ByName("nvidia")));
    }

    [Fact]
    public void Loads_from_a_stream_that_need_not_seek()
    {
        using var resource = new System.IO.Compression.DeflateStream(new MemoryStream(Deflate(File.ReadAllBytes(_folder["ben.safetensors"]))),
            System.IO.Compression.CompressionMode.Decompress);
        LoadedVoice voice = VoiceLibrary.Load(resource, "resource"), file = VoiceLibrary.Load("ben", _folder.Root);
        Assert.Equal(("ben", "resource", 0.75f), (voice.Name, voice.Source, voice.Sigma));
        Assert.Equal(file.Model.Parameters.Items.SelectMany(p => p.Value.Span.ToArray()), voice.Model.Parameters.Items.SelectMany(p => p.Value.Span.ToArray()));
        Refusal.Expect(() => VoiceLibrary.Load(new MemoryStream([1, 2, 3]), "resource"), "resource: ");
    }

    private static byte[] Deflate(byte[] bytes)
    {
        using var target = new MemoryStream();
        using (var packer = new System.IO.Compression.DeflateStream(target, System.IO.Compression.CompressionLevel.Fastest)) packer.Write(bytes);
        return target.ToArray();
    }

    [Theory]
    [InlineData("carla"), InlineData("../anna"), InlineData("")]
    public void An_unknown_voice_is_told_with_those_there_are(string name) =>
        Refusal.Expect(() => VoiceLibrary.Load(name, _folder.Root), $"'{name}'", "anna, ben");

    [Theory]
    [InlineData("loud"), InlineData("-1"), InlineData("NaN")]
    public void A_sigma_that_is_none_is_refused(string sigma)
    {
        Write("odd", new() { [LoadedVoice.SigmaKey] = sigma });
        Refusal.Expect(() => _ = VoiceLibrary.Load("odd", _folder.Root).Sigma, "odd.safetensors", $"'{sigma}'");
    }

    [Fact]
    public void Errors_behind_the_file_name_it()
    {
        string text = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(_folder["anna.safetensors"]));
        string changed = text.Replace("sampleRate\\\": 22050", "sampleRate\\\":   999", StringComparison.Ordinal);
        Assert.NotEqual(text, changed);
        string path = _folder.Add("anna.safetensors", System.Text.Encoding.Latin1.GetBytes(changed));
        Refusal.Expect(() => VoiceLibrary.LoadRecipe("anna", _folder.Root), path, "sample rate", "999", "1000 to 768000");
    }
}
