using FlowVocoder.AudioIO;
using FlowVocoder.Cli;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Training;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Cli;

public sealed class DistillVerbTests : IDisposable
{
    private const string Config = """
        { "batch": 2, "crop_frames": 4, "warmup": 2, "log_every": 1, "validate_every": 3, "save_every": 3, "mel_loss_weight": 1, "steps": 6,
          "model": { "flow": "iaf", "group": 64, "flows": 2, "layers": 1, "channels": 8, "early_every": 0, "encoder_channels": 8, "condition_channels": 8, "pitch_channels": 8 } }
        """;

    private readonly TempFolder _folder = new();

    public DistillVerbTests()
    {
        foreach (string clip in (string[])["train/1", "train/2", "valid/3"])
        {
            string path = _folder[$"data/{clip}.wav"];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            WavFile.Write(path, CliFixture.Speech(0.5, 100 + 10 * clip[^1], clip[^1]), CliFixture.Rate);
        }
        File.WriteAllText(_folder["student.json"], Config);
        WriteTeacher("teacher", FlowKind.Maf, 32);
    }

    public void Dispose() => _folder.Dispose();

    private void WriteTeacher(string name, FlowKind kind, int group)
    {
        var model = new CompactVocoder(CliFixture.TinyConfig with { Flow = kind, Group = group, EarlyEvery = 0 }, MelRecipe.ByName("hifigan"), seed: 3);
        model.Parameters.Randomize(4, 0.05);
        AtomicFile.Write(_folder[name], stream => VoiceFile.Of(model, name, "CC0", "a test", 1, new Dictionary<string, string>()).Write(stream));
    }

    private string[] Command(string output, string teacher = "teacher", string config = "student.json") =>
        ["distill", "--teacher", _folder[teacher], "--data", _folder["data"], "--config", _folder[config], "--out", _folder[output]];

    [Fact]
    public void Makes_a_student_that_speaks_and_scores_and_tells_its_divergence_from_the_start()
    {
        CliResult result = CliFixture.Run(Command("s.safetensors")).Succeeds();
        Assert.Matches("begins with [1-9][0-9]* of [1-9][0-9]* conditioner tensors of its teacher\nstep 0/6", result.Output);
        Assert.Contains("step 0/6  divergence, nats per sample: train ", result.Output, StringComparison.Ordinal);
        Assert.Contains("step 6/6  divergence, nats per sample: train ", result.Output, StringComparison.Ordinal);
        IReadOnlyList<TrainingReport> log = TrainingLog.Read(_folder["s.log.jsonl"]);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], log.Select(r => r.Step));
        Assert.All(log, r => Assert.True(r.IsDistillation && r.Kl == r.Nats && r.NatsPerSample == 0 && r.MelLoss > 0));
        Assert.Equal([0, 3, 6], log.Where(r => r.ValidKl != null).Select(r => r.Step));
        string voice = _folder["s.safetensors"];
        Assert.Contains("vocoder distill --teacher", VoiceFile.Read(voice).Provenance, StringComparison.Ordinal);

        MelFile.Write(_folder["m.npy"], new float[80 * 4], 80, 4);
        CliFixture.Run("synth", _folder["m.npy"], _folder["m.wav"], "--voice", voice).Succeeds();
        Assert.Equal(4 * 256, AudioFile.Read(_folder["m.wav"]).Length);
        CliResult score = CliFixture.Run("score", _folder["data/valid/3.wav"], "--voice", voice);
        Assert.Equal(0, score.Code);
        Assert.Contains("scores step by step: about ", score.Error, StringComparison.Ordinal);
        Assert.Contains("WN.1", score.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("step by step", CliFixture.Run("score", _folder["data/valid/3.wav"], "--voice", _folder["teacher"]).Succeeds().Error,
            StringComparison.Ordinal);
        Assert.Contains("step by step (an inverse autoregressive student)", CliFixture.Run("info", voice).Succeeds().Output, StringComparison.Ordinal);
        Assert.Contains("step by step (an autoregressive teacher)", CliFixture.Run("info", _folder["teacher"]).Succeeds().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_teacher_that_is_asked_no_more_has_no_divergence()
    {
        CliResult result = CliFixture.Run([.. Command("s.safetensors"), "--set", "distillation.until=2"]).Succeeds();
        Assert.DoesNotContain("NaN", result.Output + File.ReadAllText(_folder["s.log.jsonl"]), StringComparison.Ordinal);
        Assert.Contains("step 5/6  mel ", result.Output, StringComparison.Ordinal);
        Assert.Contains("step 6/6  divergence, nats per sample: valid ", result.Output, StringComparison.Ordinal);
        IReadOnlyList<TrainingReport> log = TrainingLog.Read(_folder["s.log.jsonl"]);
        Assert.Equal([true, true, true, false, false, false, false], log.Select(r => r.Kl != null));
        Assert.All(log, r => Assert.True(r.IsDistillation && r.Nats == r.Kl));
    }

    [Fact]
    public void A_run_that_died_goes_on_bit_for_bit()
    {
        CliFixture.Run(Command("whole.safetensors")).Succeeds();
        using (var output = new DyingWriter("step 5/6"))
        using (var error = new StringWriter())
            Assert.Equal(1, VocoderCommand.Run(Command("died.safetensors"), output, error, cancellation: TestContext.Current.CancellationToken));
        Assert.Equal(3, VoiceFile.Read(_folder["died.safetensors"]).Steps);
        CliFixture.Run([.. Command("died.safetensors"), "--resume"]).Succeeds();
        CheckpointFiles.AssertSame(_folder["whole.checkpoint.safetensors"], _folder["died.checkpoint.safetensors"]);
    }

    private sealed class DyingWriter(string text) : StringWriter
    {
        public override void WriteLine(string? value)
        {
            if (value!.Contains(text, StringComparison.Ordinal)) throw new IOException("the machine went away");
        }
    }

    [Fact]
    public void What_does_not_fit_is_told_before_any_recording_is_read()
    {
        WriteTeacher("student-teacher", FlowKind.Iaf, 32);
        // No such data: who reads recordings first would complain of that.
        Directory.Delete(_folder["data"], recursive: true);
        void Refused(string expected, string teacher = "teacher", params string[] more)
        {
            CliFixture.Run([.. Command("x.safetensors", teacher), .. more]).Fails(1, expected);
            Assert.False(File.Exists(_folder["x.safetensors"]));
            Assert.False(File.Exists(_folder["x.log.jsonl"]));
        }
        Refused("the teacher is a student itself", "student-teacher");
        Refused("group is 24, expected a divisor of the hop 256", more: ["--group", "24"]);
        Refused("recipe is bigvgan-24k, expected that of the teacher, hifigan: sample rate 24000 Hz, the voice expects 22050 Hz",
            more: ["--recipe", "bigvgan-24k"]);
        Refused("model.flow is maf, expected iaf or coupling", more: ["--set", "model.flow=maf", "--set", "mel_loss_weight=0"]);
        Refused("distillation.frame_weight is 1, expected 0 for all but a ClariNet", more: ["--set", "distillation.frame_weight=1"]);
        Refused("found no voice", "nobody");
        CliFixture.Run("train", "--data", _folder["data"], "--config", _folder["student.json"], "--out", _folder["x.safetensors"]).Fails(1, "iaf");
    }

    public static TheoryData<string, double> Configurations => new()
    {
        { "compact", 1.55 }, { "teacher", 6.9 }, { "maf", 2.6 }, { "student", 0.18 }, { "student-adversarial", 0.21 },
    };

    [Theory, MemberData(nameof(Configurations))]
    public void Configurations_that_ship_can_be_built_and_cost_what_they_say(string name, double giga)
    {
        TrainingConfig config = TrainingSettings.Read(name);
        config.Validate();
        var model = new CompactVocoder(config.Model, MelRecipe.ByName(config.Recipe));
        Assert.Equal(giga, model.MacsPerSecond / 1e9, 0.1 * giga);
        if (name is not ("student" or "student-adversarial")) return;
        TrainingConfig taught = TrainingSettings.Read("teacher");
        DistillationTask.Check(model, new CompactVocoder(taught.Model, MelRecipe.ByName(taught.Recipe)), config);
    }

    // 5.24 M parameters and 115 GMAC per second of audio are known of the published student.
    [Theory]
    [InlineData("clarinet-teacher", "clarinet-student", 5.24, 115)]
    [InlineData("clarinet-teacher-cpu", "clarinet-student-cpu", 0.156, 3.3)]
    public void ClariNets_that_ship_can_be_built_and_fit_each_other(string teacher, string student, double millions, double giga)
    {
        TrainingConfig teaching = TrainingSettings.Read(teacher), learning = TrainingSettings.Read(student);
        teaching.Validate();
        learning.Validate();
        var recipe = MelRecipe.ByName(learning.Recipe);
        var model = new ClariNet(learning.ClariNet!, 1, recipe);
        Assert.Equal(millions, model.Parameters.Count / 1e6, 0.01 * millions);
        Assert.Equal(giga, model.MacsPerSecond / 1e9, 0.02 * giga);
        ClariNetTask.Check(model, new ClariNetTeacher(teaching.ClariNetTeacher!, 1, MelRecipe.ByName(teaching.Recipe)), learning);
    }

    [Fact]
    public void A_ClariNet_is_trained_and_distilled_by_name()
    {
        string[] small = ["--steps", "2", "--batch", "1", "--crop-frames", "3", "--set", "log_every=1"];
        string teacher = _folder["t.safetensors"], student = _folder["s.safetensors"];
        CliFixture.Run(["train", "--data", _folder["data"], "--config", "clarinet-teacher-cpu", "--out", teacher, .. small]).Succeeds();
        CliResult result = CliFixture.Run(["distill", "--teacher", teacher, "--data", _folder["data"], "--config", "clarinet-student-cpu", "--out", student,
            .. small]).Succeeds();
        Assert.Contains("step 2/2  divergence, nats per sample: train ", result.Output, StringComparison.Ordinal);
        Assert.Contains("step by step (an inverse autoregressive student)", CliFixture.Run("info", student).Succeeds().Output, StringComparison.Ordinal);
        MelFile.Write(_folder["m.npy"], new float[80 * 4], 80, 4);
        CliFixture.Run("synth", _folder["m.npy"], _folder["m.wav"], "--voice", student).Succeeds();
        WavFile.Write(_folder["short.wav"], CliFixture.Speech(0.05, 130, 1), CliFixture.Rate);
        CliResult score = CliFixture.Run("score", _folder["short.wav"], "--voice", teacher).Succeeds();
        Assert.DoesNotContain("step by step", score.Error, StringComparison.Ordinal);
        score = CliFixture.Run("score", _folder["short.wav"], "--voice", student);
        Assert.Contains("scores step by step: about ", score.Error, StringComparison.Ordinal);
        Assert.Contains("iafs.3", score.Output, StringComparison.Ordinal);
        // Goes on from either without a configuration.
        CliFixture.Run(["distill", "--teacher", teacher, "--data", _folder["data"], "--from", student, "--out", _folder["u.safetensors"], .. small]).Succeeds();
        CliFixture.Run(["train", "--data", _folder["data"], "--from", student, "--out", _folder["v.safetensors"], .. small])
            .Fails(1, "which learns from a teacher alone, see vocoder distill");
    }

    [Fact]
    public void What_goes_on_or_starts_from_a_voice_has_no_such_beginning()
    {
        CliFixture.Run(Command("s.safetensors")).Succeeds();
        string[] from = [.. Command("t.safetensors"), "--from", _folder["s.safetensors"]], on = [.. Command("s.safetensors"), "--resume", "--steps", "7"];
        foreach (string[] command in new[] { from, on })
            Assert.DoesNotContain("begins with", CliFixture.Run(command).Succeeds().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Help_says_who_can_teach()
    {
        // Whatever the width at which lines are broken.
        string help = string.Join(' ', CliFixture.Run("distill", "--help").Succeeds().Output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("trained here (kind compact) with a flow that scores in one pass: coupling or maf. A WaveGlow cannot teach", help,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_that_is_no_configuration_lists_those_there_are() =>
        CliFixture.Run("train", "--data", _folder["data"], "--config", "tacher", "--out", _folder["x.safetensors"])
            .Fails(1, "cannot read 'tacher'", "compact", "teacher");
}
