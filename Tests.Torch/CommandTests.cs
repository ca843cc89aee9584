using FlowVocoder.AudioIO;
using FlowVocoder.Cli;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Cli;
using FlowVocoder.Tests.Training;
using FlowVocoder.Torch;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Torch;

/// <summary>The command, built with this engine.</summary>
public sealed class CommandTests : IDisposable
{
    private const string Small = "--set model.flows=2 --set model.layers=1 --set model.channels=8 --set model.encoder_channels=8 --set "
        + "model.condition_channels=8 --set model.pitch_channels=8"
        + " --set warmup=2 --batch 2 --crop-frames 24 --threads 1";

    private readonly TempFolder _folder = new();

    private static string Mel => Path.Combine(AppContext.BaseDirectory, "samples", "kathleen.npy");

    public void Dispose() => _folder.Dispose();

    private static (int Code, string Output, string Error) Run(string line)
    {
        Assert.SkipWhen(TorchDevices.Fault != null, TorchDevices.Fault ?? "");
        var (output, error) = (new StringWriter(), new StringWriter());
        return (VocoderCommand.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), output, error), output.ToString(), error.ToString());
    }

    private static string Succeeds(string line)
    {
        var (code, output, error) = Run(line);
        Assert.True(code == 0, error);
        return output;
    }

    [Fact]
    public void Speech_and_scores_are_those_of_the_managed_engine()
    {
        Succeeds($"synth {Mel} {_folder["managed.wav"]} --float");
        Succeeds($"synth {Mel} {_folder["torch.wav"]} --float --engine torch");
        Succeeds($"play {Mel} --player wav:{_folder["played.wav"]} --engine torch --engine-device cpu --match 0");
        float[] expected = Recording.Read(_folder["managed.wav"], 22050).Samples;
        Assert.InRange(TorchOpsTests.Error(Recording.Read(_folder["torch.wav"], 22050).Samples, expected), 0, 1e-4);
        Assert.Equal(expected.Length, Recording.Read(_folder["played.wav"], 22050).Samples.Length);
        string score = $"score {_folder["managed.wav"]}";
        Assert.Equal(Sum(Succeeds(score)), Sum(Succeeds($"{score} --engine torch --device cpu")), 1e-4);
    }

    [Fact]
    public void Latents_and_what_is_made_of_them_are_those_of_the_managed_engine()
    {
        TinyCorpus.Write(_folder["data"]);
        string one = Path.Combine(_folder["data"], "0.wav"), two = Path.Combine(_folder["data"], "1.wav");
        float[][] Of(string engine, string name)
        {
            string latents = _folder[$"{name}.npz"], decoded = _folder[$"{name}.wav"], between = _folder[$"{name}-half.wav"];
            Succeeds($"encode {one} {latents} {engine}");
            Succeeds($"decode {latents} {decoded} {engine}");
            Succeeds($"morph {one} {two} {between} --at 0.5 {engine}");
            LatentSpeech latent = LatentFile.Read(latents, VoiceLibrary.Load(VoiceLibrary.DefaultJudge).Model.Recipe);
            return [latent.Z, Recording.Read(decoded, 22050).Samples, Recording.Read(between, 22050).Samples];
        }
        float[][] expected = Of("", "managed"), actual = Of("--engine torch --device cpu", "torch");
        // Recordings are written in 16 bits.
        double[] most = [1e-4, 1e-3, 1e-3];
        for (int i = 0; i < most.Length; i++) Assert.InRange(TorchOpsTests.Error(actual[i], expected[i]), 0, most[i]);
        string judge = $"anomaly --fit {_folder["data"]} {one} --false-alarms 10";
        // What lies near a threshold may fall on either side of it.
        double[] scores = Scores(Succeeds(judge)), elsewhere = Scores(Succeeds($"{judge} --engine torch"));
        Assert.Equal(4, scores.Length);
        Assert.Equal(4, elsewhere.Length);
        Assert.All(scores.Zip(elsewhere), pair => Assert.Equal(pair.First, pair.Second, 0.11));
    }

    // Thresholds and the strongest of a clip.
    private static double[] Scores(string text) =>
        [.. System.Text.RegularExpressions.Regex.Matches(text, @"(?<=beyond \|z\| |beyond |strongest z )[+-]?\d+\.\d+").Select(match =>
             double.Parse(match.Value, System.Globalization.CultureInfo.InvariantCulture))];

    [Fact]
    public void Live_speaks_as_the_managed_engine_does()
    {
        Assert.SkipWhen(TorchDevices.Fault != null, TorchDevices.Fault ?? "");
        WavFile.Write(_folder["in.wav"], Voiced.Speech(30 * 256, 130, 1), Voiced.SampleRate);
        float[] Spoken(string engine)
        {
            string[] options = engine.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            new Piped().Run(["live", "--input", _folder["in.wav"], "--player", $"wav:{_folder["live.wav"]}", .. options]).Succeeds();
            return Recording.Read(_folder["live.wav"], 22050).Samples;
        }
        float[] expected = Spoken("");
        Assert.InRange(TorchOpsTests.Error(Spoken("--engine torch --engine-device cpu"), expected), 0, 1e-3);
        new Piped().Run("live", "--input", _folder["in.wav"], "--player", "null", "--engine", "torch", "--engine-device", "cuda:77")
            .Fails(1, "the device cuda:77 is not there");
    }

    private static double Sum(string table) =>
        double.Parse(table.Split('\n').Single(line => line.StartsWith("sum", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            System.Globalization.CultureInfo.InvariantCulture);

    [Fact]
    public void Voices_are_trained_go_on_elsewhere_are_distilled_and_measured()
    {
        TinyCorpus.Write(_folder["data"]);
        string train = $"train --data {_folder["data"]} --out {_folder["a.safetensors"]} {Small}";
        Succeeds($"{train} --steps 3 --engine torch");
        Succeeds($"train --data {_folder["data"]} --out {_folder["a.safetensors"]} --resume --steps 5 --threads 1");
        Succeeds($"distill --teacher {_folder["a.safetensors"]} --data {_folder["data"]} --out {_folder["b.safetensors"]} {Small} --steps 2 --engine torch "
            + "--set mel_loss_weight=0.1 --set distillation.until=0");
        Assert.Contains("log-mel L1", Succeeds($"evaluate --data {_folder["data"]} --voice {_folder["b.safetensors"]} --engine torch"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_precision_is_that_of_speech_and_of_training()
    {
        Succeeds($"synth {Mel} {_folder["whole.wav"]} --engine torch");
        Succeeds($"synth {Mel} {_folder["rounded.wav"]} --engine torch --precision bfloat16");
        Assert.NotEqual(File.ReadAllBytes(_folder["whole.wav"]), File.ReadAllBytes(_folder["rounded.wav"]));
        TinyCorpus.Write(_folder["data"]);
        foreach (string precision in (string[])["float32", "bfloat16"])
            Succeeds($"train --data {_folder["data"]} --out {_folder[precision + ".safetensors"]} {Small} --steps 3 --engine torch --precision {precision}");
        Assert.NotEqual(File.ReadAllBytes(_folder["float32.safetensors"]), File.ReadAllBytes(_folder["bfloat16.safetensors"]));
        Assert.Contains("bfloat16", Succeeds("doctor"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--precision tf32", 1, "the device cpu does not compute in tf32, expected a CUDA device")]
    [InlineData("--device cuda:77", 1, "the device cuda:77 is not there: this libtorch finds")]
    [InlineData("--device gpu", 1, "the device is 'gpu', expected cpu, cuda or cuda:N")]
    public void A_device_that_is_not_there_or_cannot_is_an_error(string device, int code, string expected)
    {
        var (found, _, error) = Run($"synth {Mel} {_folder["none.wav"]} --engine torch {device}");
        Assert.Equal(code, found);
        Assert.Contains(expected, error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["none.wav"]));
    }

    [Fact]
    public void What_would_compute_is_told()
    {
        foreach (string line in (string[])["doctor", "info student"])
            Assert.Contains(Succeeds(line).Split('\n'), text => text.Contains("torch", StringComparison.Ordinal)
                && text.Contains("libtorch 2.", StringComparison.Ordinal) && text.Contains("cpu", StringComparison.Ordinal));
    }
}
