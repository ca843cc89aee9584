using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Losses;
using FlowVocoder.Training.Optimization;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Training;

/// <summary>A student of ClariNet learns from its teacher by the published loss.</summary>
public sealed class ClariNetTaskTests : IDisposable
{
    private static readonly MelRecipe s_recipe = MelRecipe.ByName("flowavenet");

    private static readonly TrainingConfig s_config = new()
    {
        ClariNet = new ClariNetConfig { Blocks = [1, 1], Layers = 2, FrontTaps = 4, Residual = 6, Gate = 6, Skip = 6 }, Recipe = "flowavenet",
        Distillation = new DistillationConfig { ClosedForm = true, FrameWeight = 0.5f },
        Steps = 6, Batch = 2, CropFrames = 4, Warmup = 0, LearningRate = 3e-3, LossGuard = 1e9, LogEvery = 1, ValidateEvery = 3, SaveEvery = 3,
        QuietestGain = 0, LoudestGain = 0,
    };

    private readonly TempFolder _folder = new();

    public ClariNetTaskTests() => TinyCorpus.Write(_folder["data"]);

    public void Dispose() => _folder.Dispose();

    private static ClariNetTeacher Teacher()
    {
        var model = new ClariNetTeacher(new ClariNetTeacherConfig { Blocks = 1, Layers = 2, Residual = 6, Gate = 6, Skip = 6 }, 3, s_recipe);
        model.Parameters.Randomize(4, 0.1);
        return model;
    }

    private SpeechDataset Data => SpeechDataset.Load(_folder["data"], s_recipe, pitch: false);

    private (ClariNet Student, ClariNetTask Task) Create(TrainingConfig config, ClariNetTeacher teacher)
    {
        var student = new ClariNet(config.ClariNet!, 1, s_recipe);
        student.Parameters.Randomize(5, 0.1);
        var task = new ClariNetTask(student, teacher, Data, config);
        task.Initialize(new CpuOps());
        return (student, task);
    }

    private static Tensor Upsampling(ClariNetVocoder model) => model.Parameters.Items.Single(p => p.Name == "upsample_conv.0.weight_v").Value;

    // Each term is compared with the published implementation on vectors; here they are put together once more, the divergence in plain loops.
    [Fact]
    public void The_loss_is_the_published_one()
    {
        ClariNetTeacher teacher = Teacher();
        var (student, task) = Create(s_config, teacher);
        StepResult result = task.Loss(new CpuOps(), 3);
        var ops = new CpuOps();
        var loader = new CropLoader(s_recipe, Data, s_config);
        var (speech, mels) = loader.Load(ops, loader.Draw(3), 3);
        Tensor noise = new(2, 1, 1024);
        new Philox(NoiseStreams.TrainingSeed(s_config.Seed)).Normal(noise, NoiseStreams.TrainingLatents(0), 3 * 1024);
        ClariNetSpeech spoken = student.Student.Generate(ops, noise, teacher.Upsample(ops, mels));
        var (mean, logScale) = teacher.Distribution(ops, spoken.Audio, teacher.Upsample(ops, mels));
        double kl = 0, regulariser = 0;
        for (int b = 0; b < 2; b++)
            for (int i = 0; i < 1023; i++)
            {
                double free = logScale.Row(b, 0)[i], own = spoken.LogScale.Row(b, 0)[i], p = Math.Max(free, -6), q = Math.Max(own, -6);
                double apart = mean.Row(b, 0)[i] - spoken.Mean.Row(b, 0)[i];
                kl += p - q + (Math.Exp(2 * q) + apart * apart) / (2 * Math.Exp(2 * p)) - 0.5;
                regulariser += Math.Pow(free - own, 2);
            }
        (kl, regulariser) = (kl / 2046, regulariser / 2046);
        double frames = ClariNetFrameLoss.Apply(ops, ops.Crop(spoken.Audio, 1, 1023), ops.Crop(speech, 1, 1023)).Item;
        Assert.Equal(kl, result.Kl!.Value, 1e-4 * kl);
        Assert.Equal(kl + 4 * regulariser + 0.5 * frames, result.Loss!.Item, 1e-4 * result.Loss.Item);
    }

    [Fact]
    public void Only_the_student_learns_and_hears_as_its_teacher_does()
    {
        ClariNetTeacher teacher = Teacher();
        var (student, task) = Create(s_config, teacher);
        Samples.SameBits(Upsampling(teacher).Span, Upsampling(student).Span, "the up-sampling");
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        var adam = new Adam(student.Parameters, new AdamConfig(ClipNorm: 10));
        var losses = new List<double>();
        for (int step = 0; step < 30; step++)
        {
            Tensor loss = task.Loss(ops, 0).Loss!;
            losses.Add(loss.Item);
            tape.Backward(loss);
            Assert.All(teacher.Parameters.Items, p => Assert.Null(p.Value.Grad));
            adam.Step(3e-3, adam.GradientNorm());
            adam.ClearGradients();
            ops.Reset();
        }
        Assert.True(losses[^1] < 0.7 * losses[0], string.Join(" ", losses));
        Samples.SameBits(Upsampling(teacher).Span, Upsampling(student).Span, "the up-sampling");
    }

    private TrainingPaths Paths(string output, string teacher = "teacher.safetensors") =>
        new(_folder["data"], _folder[output], "Tiny", "CC0-1.0", "vocoder distill --tiny") { Teacher = _folder[teacher] };

    private void Write(string file, VocoderModel model) =>
        AtomicFile.Write(_folder[file], stream => VoiceFile.Of(model, file, "CC0", "a test", 1, new Dictionary<string, string>()).Write(stream));

    [Fact]
    public void A_resumed_run_gives_the_same_weights_and_a_voice_that_speaks_and_scores()
    {
        Write("teacher.safetensors", Teacher());
        TrainingPaths whole = Paths("whole.safetensors"), parts = Paths("parts.safetensors");
        TrainingRun.Train(whole, s_config, false, 1, null, null, CancellationToken.None);
        using (var cancellation = new CancellationTokenSource())
            TrainingRun.Train(parts, s_config, false, 1, null, r => { if (r.Step == 3) cancellation.Cancel(); }, cancellation.Token);
        TrainingRun.Train(parts, s_config, true, 1, null, null, CancellationToken.None);
        CheckpointFiles.AssertSame(whole.Checkpoint, parts.Checkpoint);
        var voice = Assert.IsType<ClariNet>(VoiceLibrary.Load(whole.Output).Model);
        Assert.Equal(s_config.ClariNet!.ToJson(), voice.ConfigJson);
        Samples.SameBits(Upsampling(Teacher()).Span, Upsampling(voice).Span, "the up-sampling");
        float[] audio = Voiced.Speech(512, 125, 9);
        Assert.True(double.IsFinite(voice.Score(new MelSpectrogram(s_recipe).Compute(audio), audio, new Parallelism(1)).NatsPerSample));
    }

    [Fact]
    public void What_does_not_fit_is_told_before_any_recording_is_read()
    {
        Write("teacher.safetensors", Teacher());
        Write("compact.safetensors", TinyCorpus.Model(TinyCorpus.Config));
        Directory.Delete(_folder["data"], recursive: true);
        string Message(TrainingConfig config, string? teacher = "teacher.safetensors") => Assert.Throws<VocoderException>(() =>
        {
            TrainingPaths paths = teacher == null ? Paths("x.safetensors") with { Teacher = null } : Paths("x.safetensors", teacher);
            TrainingRun.Train(paths, config, false, 1, null, null, CancellationToken.None);
        }).Message;
        Assert.StartsWith("the configuration is that of a ClariNet's student, which learns from a teacher alone, see vocoder distill", Message(s_config, null));
        Assert.EndsWith("holds a model of kind 'compact', expected 'clarinet-teacher' as the teacher of a student of kind 'clarinet'",
            Message(s_config, "compact.safetensors"));
        Assert.EndsWith("holds a model of kind 'clarinet-teacher', expected 'compact' as the teacher of a student of kind 'compact'",
            Message(TinyCorpus.Config));
        Assert.StartsWith("configuration: recipe is hifigan, expected that of the teacher, flowavenet", Message(s_config with { Recipe = "hifigan" }));
        Assert.Equal("configuration: crop_frames is 2, expected at least 3, what the frame loss needs", Message(s_config with { CropFrames = 2 }));
        Assert.Equal("configuration: clari_net.upsample_scales is 4,64, expected those of the teacher, 16,16: the student hears mels through it",
            Message(s_config with { ClariNet = s_config.ClariNet! with { UpsampleScales = [4, 64] } }));
        Assert.Equal("configuration: distillation.closed_form is false, expected true with clari_net",
            Message(s_config with { Distillation = new DistillationConfig() }));
        Assert.Contains("it learns by what its teacher says and distillation.frame_weight", Message(s_config with { StftLossWeight = 1 }));
    }
}
