using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Cli;

public sealed class EncodeVerbTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private string Path(string name) => fixture.Folder[name];

    private CliResult Encode(string output) => CliFixture.Run("encode", fixture.Wav, output, "--voice", fixture.Voice);

    private static CliResult Decode(string input, string output, string voice) => CliFixture.Run("decode", input, output, "--voice", voice);

    [Theory]
    [InlineData(".npz")]
    [InlineData(".npy")]
    public void The_recording_comes_back(string ending)
    {
        string latents = Path("latent" + ending), again = Path("again" + ending + ".wav");
        CliResult encoded = Encode(latents).Succeeds();
        Assert.Contains("decode to within", encoded.Output, StringComparison.Ordinal);
        Decode(latents, again, fixture.Voice).Succeeds();
        float[] samples = Recording.Read(again).Samples;
        Assert.Equal(fixture.Audio.Length / CliFixture.Hop * CliFixture.Hop, samples.Length);
        // A step of 16 bits is 3.1e-5.
        for (int i = 0; i < samples.Length; i++) Assert.InRange(samples[i], fixture.Audio[i] - 1e-4f, fixture.Audio[i] + 1e-4f);
    }

    [Fact]
    public void What_is_written_is_what_the_library_encodes()
    {
        Encode(Path("whole.npz")).Succeeds();
        LatentSpeech expected = fixture.Model.Encode(fixture.Mel, fixture.Audio, new Parallelism(1)),
            found = LatentFile.Read(Path("whole.npz"), fixture.Model.Recipe);
        Assert.Equal(expected.Z, found.Z);
        Assert.Equal((expected.Group, expected.Steps), (found.Group, found.Steps));
        Assert.Equal(expected.Mel, found.Mel);
        Assert.Equal(expected.Phase, found.Phase);
        Assert.Equal(expected.F0, found.F0);
        Assert.True(fixture.Model.HasEncoded(found));
    }

    [Fact]
    public void Latents_that_were_changed_are_decoded_as_they_are()
    {
        LatentSpeech latent = fixture.Model.Encode(fixture.Mel, fixture.Audio, new Parallelism(1));
        LatentSpeech half = latent with { Z = [.. latent.Z.Select(z => 0.5f * z)] };
        LatentFile.Write(Path("half.npz"), half, fixture.Model.Recipe);
        Decode(Path("half.npz"), Path("half.wav"), fixture.Voice).Succeeds();
        float[] expected = fixture.Model.Decode(half, new Parallelism(1)), found = Recording.Read(Path("half.wav")).Samples;
        for (int i = 0; i < found.Length; i++) Assert.Equal(Math.Clamp(expected[i], -1, 1), found[i], 5e-5f);
    }

    [Fact]
    public void What_cannot_be_decoded_is_told_in_a_line()
    {
        Encode(Path("apart.npy")).Succeeds();
        File.Delete(Path("apart.f0.npy"));
        Decode(Path("apart.npy"), Path("x.wav"), fixture.Voice).Fails(1, "apart.npy", "f0 has 0 values, expected 43");
        File.Delete(Path("apart.mel.npy"));
        Decode(Path("apart.npy"), Path("x.wav"), fixture.Voice).Fails(1, "apart.mel.npy", "does not exist");
        Npz.Write(Path("other.npz"), [("q", new NpyArray([1], [1]))]);
        Decode(Path("other.npz"), Path("x.wav"), fixture.Voice).Fails(1, "has no array 'z'");
        Npz.Write(Path("flat.npz"), [("z", new NpyArray([1], [1])), ("mel", new NpyArray([1], [1]))]);
        Decode(Path("flat.npz"), Path("x.wav"), fixture.Voice).Fails(1, "z has shape [1], expected [group, steps]");
        Decode(fixture.Wav, Path("x.wav"), fixture.Voice).Fails(2, "expected a name that ends in .npz or .npy");
        Encode(Path("speech.txt")).Fails(2, "expected a name that ends in .npz or .npy");
        Decode(Path("apart.npy"), Path("apart.mel.npy"), fixture.Voice).Fails(2, "is also the input");
        Assert.False(File.Exists(Path("x.wav")));
    }

    [Fact]
    public void A_WaveFlow_encodes_too()
    {
        var config = new WaveFlowConfig { MelChannels = 80, Channels = 4, Height = 8, Flows = 2, Layers = 1, UpsampleScales = [16, 16] };
        using (FileStream stream = File.Create(Path("waveflow.safetensors")))
            VoiceFile.Of(new WaveFlow(config), "tiny", "CC0", "a test", 5, new Dictionary<string, string>()).Write(stream);
        CliFixture.Run("encode", fixture.Wav, Path("waveflow.npz"), "--voice", Path("waveflow.safetensors")).Succeeds();
        Decode(Path("waveflow.npz"), Path("waveflow.wav"), Path("waveflow.safetensors")).Succeeds();
        float[] samples = Recording.Read(Path("waveflow.wav")).Samples;
        for (int i = 0; i < samples.Length; i++) Assert.InRange(samples[i], fixture.Audio[i] - 1e-4f, fixture.Audio[i] + 1e-4f);
    }

    [Fact]
    public void Another_voice_is_pointed_out()
    {
        var other = new CompactVocoder(CliFixture.TinyConfig, fixture.Model.Recipe, seed: 8);
        LatentFile.Write(Path("other.npz"), other.Encode(fixture.Mel, fixture.Audio, new Parallelism(1)), other.Recipe);
        CliResult result = Decode(Path("other.npz"), Path("other.wav"), fixture.Voice);
        Assert.Equal(0, result.Code);
        Assert.Contains("was encoded by another voice", result.Error, StringComparison.Ordinal);
    }
}
