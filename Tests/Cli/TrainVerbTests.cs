using System.Text.Json;
using FlowVocoder.AudioIO;
using FlowVocoder.Cli;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Training;
using FlowVocoder.Training;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Cli;

public sealed class TrainVerbTests : IDisposable
{
    private const string Config = """
        { "batch": 2, "crop_frames": 4, "warmup": 2, "log_every": 1, "validate_every": 3, "save_every": 3,
          "model": { "group": 64, "flows": 2, "layers": 1, "channels": 32, "encoder_channels": 8, "condition_channels": 8, "pitch_channels": 8 } }
        """;

    private readonly TempFolder _folder = new();

    public TrainVerbTests()
    {
        foreach (string clip in (string[])["a/train/1", "a/train/2", "a/valid/3"])
        {
            string path = _folder[$"data/{clip}.wav"];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            WavFile.Write(path, CliFixture.Speech(0.7, 100 + 10 * clip[^1], clip[^1]), CliFixture.Rate);
        }
        File.WriteAllText(_folder["config.json"], Config);
    }

    public void Dispose() => _folder.Dispose();

    private string[] Command(string output) =>
        ["train", "--data", _folder["data"], "--config", _folder["config.json"], "--steps", "6", "--set", "model.channels=8", "--out", _folder[output]];

    private string[] Resume(string output) => ["train", "--data", _folder["data"], "--out", _folder[output], "--resume"];

    private void AssertSameRun(string expected, string found)
    {
        CheckpointFiles.AssertSame(_folder[$"{expected}.checkpoint.safetensors"], _folder[$"{found}.checkpoint.safetensors"]);
        VoiceFile a = VoiceFile.Read(_folder[expected + ".safetensors"]), b = VoiceFile.Read(_folder[found + ".safetensors"]);
        Assert.Equal(a.Tensors.Keys, b.Tensors.Keys);
        foreach (string name in a.Tensors.Keys) Assert.Equal(a.Tensors[name].Data, b.Tensors[name].Data);
        Assert.Equal(Log(expected), Log(found));
    }

    private (long, double, double?)[] Log(string name) =>
        [.. TrainingLog.Read(_folder[name + ".log.jsonl"]).Select(r => (r.Step, r.NatsPerSample, r.ValidNats))];

    /// <summary>Runs a command and does something when a line of its output holds a text.</summary>
    private static int RunWatched(string text, Action then, CancellationToken cancellation, string[] command, out string error)
    {
        using var output = new WatchingWriter(text, then);
        using var errors = new StringWriter();
        int code = VocoderCommand.Run(command, output, errors, interactive: false, cancellation);
        error = errors.ToString();
        return code;
    }

    private sealed class WatchingWriter(string text, Action then) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            if (value!.Contains(text, StringComparison.Ordinal)) then();
        }
    }

    [Fact]
    public void Makes_a_voice_that_speaks_and_knows_its_origin()
    {
        CliResult result = CliFixture.Run([.. Command("v.safetensors"), "--licence", "CC0-1.0", "--name", "buzz"]).Succeeds();
        Assert.Contains("step 6/6  nats per sample: train ", result.Output, StringComparison.Ordinal);
        Assert.Contains(" valid ", result.Output, StringComparison.Ordinal);
        Assert.Contains("skipped 0", result.Output, StringComparison.Ordinal);
        VoiceFile voice = VoiceFile.Read(_folder["v.safetensors"]);
        Assert.Equal(("buzz", "CC0-1.0", 6L), (voice.Name, voice.Licence, voice.Steps));
        string temp = Path.GetFileName(_folder.Root);
        // Provenance names no folders of this machine: the last two parts of absolute paths are enough.
        Assert.Equal($"2 recordings, 0.00 h; vocoder train --data {temp}/data --config {temp}/config.json --steps 6 --set model.channels=8 --out "
            + $"{temp}/v.safetensors --licence CC0-1.0 --name buzz",
            voice.Provenance);
        Assert.Equal(8, JsonDocument.Parse(voice.Config).RootElement.GetProperty("channels").GetInt32());
        Assert.Equal([1, 2, 3, 4, 5, 6], Log("v").Select(l => (int)l.Item1));
        MelFile.Write(_folder["m.npy"], new float[80 * 4], 80, 4);
        CliFixture.Run("synth", _folder["m.npy"], _folder["m.wav"], "--voice", _folder["v.safetensors"]).Succeeds();
        Assert.Equal(4 * 256, AudioFile.Read(_folder["m.wav"]).Length);
    }

    // A voice for Vocos' mels, 24 kHz and 100 bands, of recordings at 22.05 kHz.
    [Fact]
    public void A_voice_of_another_recipe_learns_from_resampled_recordings()
    {
        CliFixture.Run("train", "--data", _folder["data"], "--config", _folder["config.json"], "--recipe", "vocos", "--steps", "50", "--set",
            "model.channels=8", "--set", "validate_every=50",
            "--set", "save_every=50", "--set", "learning_rate=3e-3", "--out", _folder["vocos.safetensors"]).Succeeds();
        LoadedVoice voice = VoiceLibrary.Load(_folder["vocos.safetensors"]);
        Assert.Equal((24000, 100, "vocos"), (voice.Model.Recipe.SampleRate, voice.Model.Recipe.Bands, voice.Model.Recipe.Name));
        double[] nats = [.. Log("vocos").Select(l => l.Item2)];
        Assert.Equal(50, nats.Length);
        // Likelihood rises.
        Assert.True(nats[^10..].Average() > nats[..10].Average() + 0.1, $"{nats[..10].Average()} to {nats[^10..].Average()}");
        string mel = _folder["m.npy"], wav = _folder["m.wav"];
        CliFixture.Run("mel", Directory.GetFiles(_folder["data/a/valid"])[0], mel, "--voice", _folder["vocos.safetensors"]);
        Assert.Equal(0, CliFixture.Run("synth", mel, wav, "--voice", _folder["vocos.safetensors"]).Code);
        Assert.Equal(24000, AudioFile.Read(wav).SampleRate);
    }

    [Fact]
    public void A_run_that_died_goes_on_bit_for_bit()
    {
        CliFixture.Run(Command("whole.safetensors")).Succeeds();
        // Dies in step 5, two steps after its last checkpoint: nothing is tidied up, as with kill -9.
        int code = RunWatched("step 5/6", () => throw new IOException("the machine went away"), TestContext.Current.CancellationToken,
            Command("died.safetensors"), out _);
        Assert.Equal(1, code);
        Assert.Equal(3, VoiceFile.Read(_folder["died.safetensors"]).Steps);
        CliFixture.Run(Resume("died.safetensors")).Succeeds();
        AssertSameRun("whole", "died");
    }

    [Fact]
    public void A_run_that_died_in_its_first_steps_goes_on_too()
    {
        CliFixture.Run(Command("whole.safetensors")).Succeeds();
        RunWatched("step 1/6", () => throw new IOException("the machine went away"), TestContext.Current.CancellationToken,
            [.. Command("died.safetensors"), "--licence", "CC0-1.0", "--name", "Bob"], out _);
        Assert.False(File.Exists(_folder["died.safetensors"]));
        CliFixture.Run(Resume("died.safetensors")).Succeeds();
        AssertSameRun("whole", "died");
        // What the voice tells of itself was not lost with it.
        VoiceFile voice = VoiceFile.Read(_folder["died.safetensors"]);
        Assert.Equal(("Bob", "CC0-1.0"), (voice.Name, voice.Licence));
        Assert.Contains("model.channels=8", voice.Provenance, StringComparison.Ordinal);
        Assert.Contains("; then vocoder train", voice.Provenance, StringComparison.Ordinal);
    }

    [Fact]
    public void Ctrl_C_saves_and_tells_how_to_go_on()
    {
        CliFixture.Run([.. Command("whole.safetensors"), "--licence", "CC0-1.0"]).Succeeds();
        using var stop = new CancellationTokenSource();
        int code = RunWatched("step 4/6", stop.Cancel, stop.Token, [.. Command("stopped.safetensors"), "--licence", "CC0-1.0"], out string error);
        Assert.Equal(130, code);
        Assert.Equal($"vocoder: stopped, the state is in {_folder["stopped.checkpoint.safetensors"]}: go on with the same command and --resume\n", error);
        Assert.Equal(4, VoiceFile.Read(_folder["stopped.safetensors"]).Steps);
        CliFixture.Run(Resume("stopped.safetensors")).Succeeds();
        AssertSameRun("whole", "stopped");
        // What was typed at the start still holds.
        Assert.Equal("CC0-1.0", VoiceFile.Read(_folder["stopped.safetensors"]).Licence);
        Assert.Contains("; then vocoder train", VoiceFile.Read(_folder["stopped.safetensors"]).Provenance, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_is_neither_overwritten_nor_resumed_from_nothing()
    {
        CliFixture.Run(Command("v.safetensors")).Succeeds();
        CliFixture.Run(Command("v.safetensors")).Fails(1, _folder["v.checkpoint.safetensors"], "--resume");
        CliFixture.Run(Resume("other.safetensors")).Fails(1, _folder["other.checkpoint.safetensors"], "resume");
    }

    [Theory]
    [InlineData("{ \"steps\": ", "the training configuration is not usable")]
    [InlineData("{ \"stepz\": 3 }", "stepz")]
    public void A_configuration_that_cannot_be_read_is_named(string json, string reason)
    {
        File.WriteAllText(_folder["bad.json"], json);
        CliFixture.Run("train", "--data", _folder["data"], "--config", _folder["bad.json"], "--out", _folder["v.safetensors"])
            .Fails(1, _folder["bad.json"], reason);
        Assert.False(File.Exists(_folder["v.safetensors"]));
    }

    [Fact]
    public void Numbers_that_cannot_be_trained_with_are_named() =>
        CliFixture.Run([.. Command("v.safetensors"), "--set", "batch=0"]).Fails(1, "batch is 0, expected 1 to 4096");

    [Fact]
    public void A_damaged_recording_is_named()
    {
        _folder.Add("data/a/train/broken.wav", "RIFF"u8.ToArray());
        CliFixture.Run(Command("v.safetensors")).Fails(1, "broken.wav");
    }

    [Fact]
    public void A_run_that_skipped_most_of_its_batches_fails_and_writes_no_voice()
    {
        CliResult result = CliFixture.Run([.. Command("v.safetensors"), "--learning-rate", "1", "--set", "clip_norm=0", "--set", "warmup=0", "--set",
            "loss_guard=0.001"]);
        Assert.Equal(1, result.Code);
        Assert.Contains("v.safetensors: step ", result.Error, StringComparison.Ordinal);
        Assert.Contains("the run has diverged: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("no voice was written", result.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["v.safetensors"]));
    }

    [Fact]
    public void A_run_that_diverges_keeps_the_voice_and_the_state_that_were_sound()
    {
        CliFixture.Run(Command("v.safetensors")).Succeeds();
        byte[] voice = File.ReadAllBytes(_folder["v.safetensors"]), state = File.ReadAllBytes(_folder["v.checkpoint.safetensors"]);
        CliFixture.Run([.. Resume("v.safetensors"), "--steps", "40", "--learning-rate", "1", "--set", "final_learning_rate=1", "--set", "average_decay=0",
            "--set", "save_every=10"])
            .Fails(1, "v.safetensors: step ", "the run has diverged", "the voice stays that of step 6", "v.checkpoint.safetensors", "--resume");
        Assert.Equal(voice, File.ReadAllBytes(_folder["v.safetensors"]));
        Assert.Equal(state, File.ReadAllBytes(_folder["v.checkpoint.safetensors"]));
        CliFixture.Run([.. Resume("v.safetensors"), "--steps", "8"]).Succeeds();
    }

    [Fact]
    public void A_checkpoint_of_a_former_version_is_judged_from_what_it_is()
    {
        CliFixture.Run(Command("v.safetensors")).Succeeds();
        string path = _folder["v.checkpoint.safetensors"];
        SafeTensorsFile file = SafeTensorsFile.Read(path);
        string[] health = ["health", "unusable_bits", "recent_bits", "lowest_recent_bits", "best_bits", "best_step"];
        AtomicFile.Write(path, stream => SafeTensorsFile.Write(stream, file.Tensors.Select(t => (t.Key, t.Value.Shape, (ReadOnlyMemory<float>)t.Value.Data)),
            file.Metadata.Where(m => !health.Contains(m.Key)).ToDictionary(m => m.Key, m => m.Value)));
        CliFixture.Run([.. Resume("v.safetensors"), "--steps", "40", "--learning-rate", "1", "--set", "final_learning_rate=1", "--set", "average_decay=0"])
            .Fails(1, "the voice stays that of step 6");
    }

    [Fact]
    public void Voices_whose_names_have_a_point_are_two()
    {
        CliFixture.Run(Command("v1.0")).Succeeds();
        CliFixture.Run(Command("v1.1")).Succeeds();
        Assert.Equal("v1.1", VoiceFile.Read(_folder["v1.1"]).Name);
        Assert.True(File.Exists(_folder["v1.0.checkpoint.safetensors"]) && File.Exists(_folder["v1.1.log.jsonl"]));
    }
}
