using System.Text.RegularExpressions;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Features;

namespace FlowVocoder.Tests.Cli;

public sealed class SynthVerbTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private float[] Expected(SynthesisOptions options) => Synthesizer.Synthesize(fixture.Model, fixture.Mel, options, new Parallelism(1));

    private CliResult Synth(string output, params string[] more) =>
        CliFixture.Run(["synth", fixture.Npy, fixture.Folder[output], "--voice", fixture.Voice, .. more]);

    private float[] Samples(string name) => AudioFile.Read(fixture.Folder[name]).ToMono();

    [Fact]
    public void Writes_16_bit_samples_of_the_voice_and_says_how_long_it_took()
    {
        CliResult result = Synth("plain.wav").Succeeds();
        Assert.Matches(new Regex(@"plain\.wav: 0\.50 s of speech in \d+\.\d\d s, real-time factor \d+\.\d{3}\n$"), result.Output);
        byte[] wav = File.ReadAllBytes(fixture.Folder["plain.wav"]);
        Assert.Equal(44 + 2 * fixture.Frames * CliFixture.Hop, wav.Length);
        Assert.Equal(CliFixture.Rate, BitConverter.ToInt32(wav, 24));
        float[] expected = [.. Expected(new SynthesisOptions()).Select(x => Math.Clamp(MathF.Round(x * 32768), -32768, 32767) / 32768)];
        Assert.Equal(expected, Samples("plain.wav"));
    }

    [Fact]
    public void Options_reach_the_voice()
    {
        Synth("options.wav", "--float", "--sigma", "0.6", "--pitch", "-3", "--seed", "5", "--threads", "2").Succeeds();
        Assert.Equal(Expected(new SynthesisOptions { Sigma = 0.6f, PitchShift = -3, Seed = 5 }), Samples("options.wav"));
    }

    [Fact]
    public void Sigma_comes_from_the_voice_where_none_is_given()
    {
        string voice = fixture.WriteVoice("quiet.safetensors", new() { ["sigma"] = "0.25" });
        CliFixture.Run("synth", fixture.Npy, fixture.Folder["quiet.wav"], "--voice", voice, "--float").Succeeds();
        Assert.Equal(Expected(new SynthesisOptions { Sigma = 0.25f }), Samples("quiet.wav"));
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3)]
    public void Any_number_of_threads_gives_the_same_file(int threads)
    {
        Synth("reference.wav", "--threads", "1").Succeeds();
        Synth($"threads{threads}.wav", "--threads", $"{threads}").Succeeds();
        Assert.Equal(File.ReadAllBytes(fixture.Folder["reference.wav"]), File.ReadAllBytes(fixture.Folder[$"threads{threads}.wav"]));
    }

    [Fact]
    public void Several_mels_go_into_a_folder()
    {
        using var folder = new TempFolder();
        string second = folder["second.npy"];
        MelFile.Write(second, new float[80 * 3], 80, 3);
        CliResult result = CliFixture.Run("synth", fixture.Npy, second, folder["out"], "--voice", fixture.Voice).Succeeds();
        Assert.Equal(2, result.Output.Count(c => c == '\n'));
        Assert.Equal(fixture.Frames * CliFixture.Hop, AudioFile.Read(folder["out/speech.wav"]).Length);
        Assert.Equal(3 * CliFixture.Hop, AudioFile.Read(folder["out/second.wav"]).Length);
    }

    [Fact]
    public void One_bad_mel_of_several_is_told_and_the_others_are_spoken()
    {
        using var folder = new TempFolder();
        string bad = folder.Add("bad.npy", [1, 2, 3]), last = folder["last.npy"];
        MelFile.Write(last, new float[80 * 3], 80, 3);
        CliResult result = CliFixture.Run("synth", fixture.Npy, bad, last, folder["out"], "--voice", fixture.Voice);
        Assert.Equal(1, result.Code);
        string[] errors = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(2, errors.Length);
        Assert.Contains(bad, errors[0], StringComparison.Ordinal);
        Assert.Equal("vocoder: 1 of 3 mels could not be spoken", errors[1]);
        Assert.Equal(["last.wav", "speech.wav"], Directory.GetFiles(folder["out"]).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Mels_that_would_overwrite_each_other_are_refused()
    {
        using var folder = new TempFolder();
        Directory.CreateDirectory(folder["a"]);
        string same = folder["a/speech.npy"];
        File.Copy(fixture.Npy, same);
        CliFixture.Run("synth", fixture.Npy, same, folder["out"], "--voice", fixture.Voice).Fails(1, fixture.Npy, same, "speech.wav");
    }

    [Fact]
    public void A_mel_in_another_logarithm_is_spoken_with_a_warning()
    {
        using var folder = new TempFolder();
        MelRecipe log10 = MelRecipe.ByName("hifigan") with { Logarithm = MelLogarithm.Log10 };
        float[] mel = new MelSpectrogram(log10).Compute(MelLogarithmGuessTests.Speech(CliFixture.Rate, seed: 1));
        MelFile.Write(folder["log10.npy"], mel, 80, mel.Length / 80);
        CliResult result = CliFixture.Run("synth", folder["log10.npy"], folder["out.wav"], "--voice", fixture.Voice);
        Assert.Equal(0, result.Code);
        Assert.Contains("warning: '" + folder["log10.npy"], result.Error, StringComparison.Ordinal);
        Assert.Contains("log10", result.Error, StringComparison.Ordinal);
        Assert.Contains("'tiny'", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Ctrl_C_leaves_an_earlier_file_as_it_was_and_nothing_partial()
    {
        using var folder = new TempFolder();
        string output = folder.Add("out.wav", [1, 2, 3]);
        CliFixture.Run(new CancellationToken(canceled: true), "synth", fixture.Npy, output, "--voice", fixture.Voice).Fails(130, "interrupted");
        Assert.Equal(["out.wav"], folder.Entries());
        Assert.Equal([1, 2, 3], File.ReadAllBytes(output));
    }

    [Fact]
    public void An_unknown_voice_is_refused() =>
        CliFixture.Run("synth", fixture.Npy, fixture.Folder["never.wav"], "--voice", "nobody").Fails(1, "'nobody'", "voice");
}
