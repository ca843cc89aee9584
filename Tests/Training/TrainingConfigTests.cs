using System.Reflection;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Training;
using FlowVocoder.Training.Adversarial;

namespace FlowVocoder.Tests.Training;

public class TrainingConfigTests
{
    private static readonly TrainingConfig s_other = new()
    {
        Recipe = "nvidia",
        Model = new CompactConfig { Group = 64, Harmonics = [1, 5] },
        Reversible = true, Steps = 7, Batch = 3, CropFrames = 12, LearningRate = 0.02, FinalLearningRate = 0.003, Warmup = 4, Beta2 = 0.95f, WeightDecay = 0.1f,
        ClipNorm = 2.5f,
        LossGuard = 6, AverageDecay = 0.9, MelLossWeight = 0.7f, ToneLossWeight = 3, MelLossRepulsion = 0.5f, MelLossVoicedRepulsion = 0.25f,
        MaxVoicedFrequency = 5000f, PitchCrops = 5, StftLossWeight = 0.3f, PowerLossWeight = 0.2f,
        Distillation = new DistillationConfig { KlWeight = 2, Regularization = 3, Contrastive = 0.25f, FrameWeight = 4 },
        MelLossResolutions = 2, PredictedPhase = true,
        Text = new TextConfig { Dictionary = "cmudict", Arpabet = 0.25, AttentionPrior = false, PriorScale = 2, AttentionFrom = 3, Longest = 5, Trim = 30 },
        BlurredCrops = 0.5f, MatchPasses = 1, Adversarial = new AdversarialConfig { Weight = 1, Channels = 8 }, MelLossFrom = 11, QuietestGain = -3f,
        LoudestGain = 1.5f,
        Seed = 18446744073709551615, LogEvery = 2, ValidateEvery = 5, SaveEvery = 6,
    };

    [Fact]
    public void Every_member_survives_json()
    {
        TrainingConfig read = TrainingConfig.FromJson(s_other.ToJson(), "x");
        foreach (PropertyInfo p in typeof(TrainingConfig).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.Name is not (nameof(TrainingConfig.Model) or nameof(TrainingConfig.Adversarial)
            or nameof(TrainingConfig.WaveFlow) or nameof(TrainingConfig.FloWaveNet) or nameof(TrainingConfig.WaveNode)
            or nameof(TrainingConfig.ClariNetTeacher) or nameof(TrainingConfig.ClariNet)
            or nameof(TrainingConfig.Flowtron))))
        {
            Assert.False(Equals(p.GetValue(s_other), p.GetValue(new TrainingConfig())), $"this test leaves {p.Name} at its default value");
            Assert.Equal(p.GetValue(s_other), p.GetValue(read));
        }
        // Arrays compare by reference.
        Assert.Equal(64, read.Model.Group);
        Assert.Equal((1, 8), (read.Adversarial.Weight, read.Adversarial.Channels));
        Assert.Equal([1, 5], read.Model.Harmonics);
        Assert.Equal(s_other.ToJson(), read.ToJson());
        var families = new TrainingConfig
        {
            WaveFlow = new() { Height = 8 }, FloWaveNet = new() { Blocks = 3 }, WaveNode = new() { Solver = "euler" },
            ClariNetTeacher = new() { Blocks = 4 }, ClariNet = new() { Blocks = [2, 3] }, Flowtron = new() { Hidden = 24 },
        };
        read = TrainingConfig.FromJson(families.ToJson(), "x");
        Assert.Equal(4, read.ClariNetTeacher!.Blocks);
        Assert.Equal([2, 3], read.ClariNet!.Blocks);
        Assert.Equal((8, 3, "euler"), (read.WaveFlow!.Height, read.FloWaveNet!.Blocks, read.WaveNode!.Solver));
        Assert.Equal(24, read.Flowtron!.Hidden);
        Assert.Contains("\"n_hidden\": 24", families.ToJson(), StringComparison.Ordinal);
        Assert.Equal(families.ToJson(), read.ToJson());
    }

    [Fact]
    public void Absent_members_keep_their_defaults_and_names_are_snake_case()
    {
        TrainingConfig read = TrainingConfig.FromJson("""{ "crop_frames": 16, "model": { "group": 64 }, /* trailing comma */ "mel_loss_weight": 2, }""", "x");
        TrainingConfig expected = new() { CropFrames = 16, Model = new CompactConfig { Group = 64 }, MelLossWeight = 2 };
        Assert.Equal(expected.ToJson(), read.ToJson());
    }

    [Theory]
    [InlineData("""{ "batches": 3 }""", "batches")]
    [InlineData("""{ "model": { "grop": 64 } }""", "grop")]
    [InlineData("""{ "batch": "many" }""", "batch")]
    [InlineData("""{ "batch": 1.5 }""", "batch")]
    [InlineData("""{ "model": null }""", "model")]
    [InlineData("""{ "recipe": null }""", "recipe")]
    [InlineData("null", "null")]
    [InlineData("{ steps: 3", "invalid start")]
    [InlineData("", "JSON")]
    public void What_cannot_be_read_is_told_with_its_source(string json, string part) =>
        Refusal.Expect(() => TrainingConfig.FromJson(json, "runs/my.json"), "runs/my.json: ", part);

    public static TheoryData<string, string> Bad => new()
    {
        { """{ "steps": 0 }""", "steps is 0" },
        { """{ "batch": 0 }""", "batch is 0" },
        { """{ "batch": 4097 }""", "batch is 4097" },
        { """{ "crop_frames": 1 }""", "crop_frames is 1" },
        { """{ "crop_frames": 4097 }""", "crop_frames is 4097" },
        { """{ "learning_rate": 0 }""", "learning_rate is 0" },
        { """{ "learning_rate": 1.5 }""", "learning_rate is 1.5" },
        { """{ "final_learning_rate": -0.1 }""", "final_learning_rate is -0.1" },
        { """{ "final_learning_rate": 0.1 }""", "final_learning_rate is 0.1" },
        { """{ "warmup": -1 }""", "warmup is -1" },
        { """{ "beta2": 1 }""", "beta2 is 1, expected 0 to below 1" },
        { """{ "weight_decay": -0.5 }""", "weight_decay is -0.5" },
        { """{ "clip_norm": -1 }""", "clip_norm is -1" },
        { """{ "loss_guard": 0 }""", "loss_guard is 0" },
        { """{ "average_decay": 1 }""", "average_decay is 1" },
        { """{ "average_decay": -0.5 }""", "average_decay is -0.5" },
        { """{ "mel_loss_weight": -1 }""", "mel_loss_weight is -1" },
        { """{ "mel_loss_weight": 1, "crop_frames": 3 }""", "crop_frames is 3, expected at least 4" },
        { """{ "power_loss_weight": -1 }""", "power_loss_weight is -1" },
        { """{ "stft_loss_weight": -1 }""", "stft_loss_weight is -1" },
        { """{ "tone_loss_weight": 1, "model": { "flow": "maf" } }""", "tone_loss_weight is 1, expected 0 for a maf" },
        { """{ "distillation": { "kl_weight": -1 } }""", "distillation.kl_weight is -1" },
        { """{ "distillation": { "regularization": -1 } }""", "distillation.regularization is -1" },
        { """{ "distillation": { "frame_weight": -1 } }""", "distillation.frame_weight is -1" },
        { """{ "distillation": { "contrastive": 1 } }""", "distillation.contrastive is 1" },
        { """{ "distillation": { "contrastive": 0.3, "closed_form": true } }""", "0 with the closed form" },
        { """{ "clari_net": {}, "distillation": { "closed_form": true, "until": 3 }, "clari_net_teacher": {} }""", "no other beside clari_net_teacher" },
        { """{ "clari_net": {}, "distillation": { "closed_form": true, "until": 3 } }""", "0 for both with clari_net" },
        { """{ "pitch_crops": -1 }""", "pitch_crops is -1" },
        { """{ "mel_loss_voiced_repulsion": 2 }""", "mel_loss_voiced_repulsion is 2" },
        { """{ "quietest_gain": 4 }""", "quietest_gain is 4" },
        { """{ "log_every": 0 }""", "log_every is 0" },
        { """{ "validate_every": 0 }""", "validate_every is 0" },
        { """{ "save_every": 0 }""", "save_every is 0" },
    };

    [Theory, MemberData(nameof(Bad))]
    public void Numbers_out_of_range_are_named_with_their_value(string json, string part) =>
        Refusal.Expect(TrainingConfig.FromJson(json, "x").Validate, "configuration: ", part, ", expected ");

    [Fact]
    public void Good_numbers_pass()
    {
        new TrainingConfig().Validate();
        s_other.Validate();
        (s_other with { MelLossWeight = 1, CropFrames = 4, MatchPasses = 0 }).Validate();
    }

    [Fact]
    public void The_learning_rate_rises_linearly_and_falls_along_half_a_cosine()
    {
        var config = new TrainingConfig { Steps = 1100, Warmup = 100, LearningRate = 0.01, FinalLearningRate = 0.001 };
        (long Step, double Rate)[] expected =
        [
            (0, 0.0001), (49, 0.005), (99, 0.01), (100, 0.01),
            // A quarter, half and three quarters of the way down: (1 ± cos 45°)/2 and 1/2 of the distance.
            (350, 0.001 + 0.009 * (1 + Math.Sqrt(0.5)) / 2), (600, 0.0055), (850, 0.001 + 0.009 * (1 - Math.Sqrt(0.5)) / 2),
            (1100, 0.001), (5000, 0.001),
        ];
        foreach (var (step, rate) in expected) Assert.Equal(rate, config.LearningRateAt(step), 1e-12);
        Assert.Equal(0.01, (config with { Warmup = 0 }).LearningRateAt(0), 1e-12);
        // A run that ends within its warmup.
        Assert.Equal(0.005, (config with { Steps = 50 }).LearningRateAt(49), 1e-12);
    }
}
