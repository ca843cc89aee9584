using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Tests.Training;

public class DistillationTaskTests
{
    private static readonly TrainingConfig s_student = TinyCorpus.Config with
    {
        Model = TinyCorpus.Config.Model with { Flow = FlowKind.Iaf, EarlyEvery = 0, EarlySize = 0 },
    };

    private static CompactVocoder Teacher(FlowKind kind = FlowKind.Maf, int group = 64, int linearPrediction = 8)
    {
        CompactVocoder model = TinyCorpus.Model(TinyCorpus.Config with
        {
            Model = TinyCorpus.Config.Model with { Flow = kind, Group = group, PhasePositions = 1, LinearPrediction = linearPrediction,
                EarlyEvery = kind == FlowKind.Coupling ? 1 : 0, Flows = group == 1 ? 1 : 2 },
        });
        model.Parameters.Randomize(7, 0.1);
        return model;
    }

    private static (CompactVocoder Student, DistillationTask Task) Create(TrainingConfig config, CompactVocoder teacher)
    {
        CompactVocoder student = TinyCorpus.Model(config, seed: 2);
        var task = new DistillationTask(student, teacher, TinyCorpus.Data, config);
        student.Parameters.Randomize(8, 0.1);
        return (student, task);
    }

    public static TheoryData<FlowKind, int, bool, float> Kinds => new()
    {
        { FlowKind.Maf, 64, false, 0f }, { FlowKind.Coupling, 64, false, 0f }, { FlowKind.Maf, 32, false, 0.3f }, { FlowKind.Maf, 1, true, 0f },
    };

    private static TrainingConfig Config(int group, bool closedForm, float contrastive) => s_student with
    {
        Model = closedForm ? s_student.Model with { Group = group, PhasePositions = 1 } : s_student.Model,
        Batch = 2, Distillation = new DistillationConfig { ClosedForm = closedForm, Contrastive = contrastive },
    };

    [Theory, MemberData(nameof(Kinds))]
    public void Gradients_through_the_density_of_the_teacher_are_those_of_the_loss(FlowKind kind, int group, bool closedForm, float contrastive)
    {
        AssertGradients(Config(group, closedForm, contrastive), Teacher(kind, group));
    }

    [Fact]
    public void So_are_those_of_a_student_with_harmonics_in_bands_and_another_linear_prediction()
    {
        TrainingConfig config = Config(64, false, 0);
        AssertGradients(config with { Model = config.Model with { HarmonicBands = [500, 2000, 6000], LinearPrediction = 12, LagWindow = 60 } }, Teacher());
    }

    private static void AssertGradients(TrainingConfig config, CompactVocoder teacher)
    {
        var (student, task) = Create(config, teacher);
        var tape = new Tape();
        tape.Backward(task.Loss(new CpuOps(tape: tape), 3).Loss!);
        double Loss(Tensor parameter, int i, float value)
        {
            parameter.Span[i] = value;
            parameter.MarkChanged();
            return task.Loss(new CpuOps(), 3).Loss!.Item;
        }
        double middle = task.Loss(new CpuOps(), 3).Loss!.Item;
        int compared = 0;
        foreach (Parameter p in student.Parameters.Items.Where(p => p.Trained && !p.Name.StartsWith("pitch.", StringComparison.Ordinal)))
        {
            Assert.True(p.Value.Grad != null, $"no gradient reached {p.Name}");
            float[] gradient = p.Value.Grad.Span.ToArray();
            int i = Array.IndexOf(gradient, gradient.MaxBy(Math.Abs));
            // Between the slopes of both sides, for leaky ReLUs; what rounding in float32 would hide is left out.
            if (Math.Abs(gradient[i]) < 3e-3) continue;
            compared++;
            float original = p.Value.Span[i], step = 1f / 512;
            double below = (middle - Loss(p.Value, i, original - step)) / step, above = (Loss(p.Value, i, original + step) - middle) / step;
            Loss(p.Value, i, original);
            double tolerance = 5e-4 + 0.02 * Math.Abs(gradient[i]);
            Assert.True(gradient[i] >= Math.Min(below, above) - tolerance && gradient[i] <= Math.Max(below, above) + tolerance,
                $"{p.Name}[{i}]: gradient {gradient[i]:R}, expected {below} to {above}");
        }
        Assert.InRange(compared, 6, 100);
    }

    /// <summary>What a step compares, put together again from both models: conditions by crops, the noise of the task, the stacks.</summary>
    private sealed class ByHand(CompactVocoder student, CompactVocoder teacher, TrainingConfig config)
    {
        private const long Step = 3;
        private readonly CpuOps _ops = new();
        private readonly Crop[] _crops = new CropSampler(TinyCorpus.Data.Train, config.CropFrames, TinyCorpus.Recipe.HopSize, config.Seed, config.QuietestGain,
            config.LoudestGain)
            .Draw(Step, 0, config.Batch);

        private FlowCondition Condition(CompactVocoder model, Crop[] crops)
        {
            var loader = new ConditionLoader(model, config.CropFrames);
            return loader.Condition(_ops, loader.Mels(_ops, crops), crops);
        }

        private (IReadOnlyList<Tensor> Latents, FlowCondition Condition) Drawn()
        {
            FlowCondition condition = Condition(student, _crops);
            return (student.Stack.DrawLatents(_ops, condition.Batch, condition.Length, new Philox(NoiseStreams.TrainingSeed(config.Seed)),
                NoiseStreams.TrainingLatents(0), Step * condition.Length, 1f), condition);
        }

        /// <summary>Log-densities of what is generated: of the student, of the teacher under its own condition, and under that of the other item.</summary>
        public (double LogQ, double LogP, double LogOther) Densities()
        {
            var (latents, condition) = Drawn();
            Tensor generated = _ops.Unfold(student.Stack.Inverse(_ops, latents, condition, out Tensor logDet), student.Config.Group);
            double logQ = (-0.5 * latents.Sum(z => (double)_ops.SumSquares(z).Item) - logDet.Item) / generated.Size;
            double Teacher(Crop[] crops)
            {
                FlowResult scored = teacher.Stack.Forward(_ops, _ops.Fold(generated, teacher.Config.Group), Condition(teacher, crops));
                return (-0.5 * scored.Latents.Sum(z => (double)_ops.SumSquares(z).Item) + scored.LogDets.Sum(l => (double)l.LogDet.Item)) / generated.Size;
            }
            return (logQ, Teacher(_crops), Teacher([_crops[1], _crops[0]]));
        }

        /// <summary>Mean of (log σ_p - log σ_q)² over the samples.</summary>
        public double SquaredLogRatio()
        {
            var (latents, condition) = Drawn();
            Tensor x = student.Stack.Elementwise(_ops, latents[0], condition, generating: true, out Tensor logQ);
            // The teacher's is that of dz/dx.
            teacher.Stack.Elementwise(_ops, x, Condition(teacher, _crops), generating: false, out Tensor logInverseP);
            return Enumerable.Range(0, x.Size).Average(i => Math.Pow(-logInverseP.Span[i] - logQ.Span[i], 2));
        }

        /// <summary>The loss of the task without what the pitch predictor adds, and the divergence it tells.</summary>
        public static (double Loss, double Kl) Of(DistillationTask task)
        {
            StepResult result = task.Loss(new CpuOps(), Step);
            return (result.Loss!.Item - result.PitchLoss, result.Kl!.Value);
        }
    }

    [Theory, InlineData(1f, 0f), InlineData(2.5f, 0f), InlineData(1f, 0.3f), InlineData(2.5f, 0.6f)]
    public void The_loss_is_the_weighted_divergence_less_that_under_the_condition_of_the_other_item(float weight, float gamma)
    {
        CompactVocoder teacher = Teacher(FlowKind.Maf, 32);
        TrainingConfig config = s_student with { Batch = 2, Distillation = new DistillationConfig { KlWeight = weight, Contrastive = gamma } };
        var (student, task) = Create(config, teacher);
        var (logQ, logP, logOther) = new ByHand(student, teacher, config).Densities();
        Assert.True(Math.Abs(logP - logOther) > 0.01, $"{logP} under its own condition, {logOther} under the other");
        var (loss, kl) = ByHand.Of(task);
        // Under weights by chance it is thousands of nats, where a float is not finer.
        Assert.Equal(logQ - logP, kl, 1e-4 + 1e-6 * Math.Abs(logP));
        double expected = weight * (logQ - logP - gamma * (logQ - logOther));
        Assert.Equal(expected, loss, 3e-4 + 1e-6 * Math.Abs(expected));
    }

    [Theory, InlineData(1f, 0f), InlineData(1f, 4f), InlineData(2f, 1.5f)]
    public void The_closed_form_is_weighted_and_regularised_as_configured(float weight, float regularization)
    {
        CompactVocoder teacher = Teacher(FlowKind.Maf, 1);
        TrainingConfig config = Config(1, true, 0) with { Distillation = new DistillationConfig { ClosedForm = true, KlWeight = weight,
            Regularization = regularization } };
        var (student, task) = Create(config, teacher);
        double squared = new ByHand(student, teacher, config).SquaredLogRatio();
        Assert.InRange(squared, 1e-3, 10);
        var (loss, kl) = ByHand.Of(task);
        Assert.Equal(weight * (kl + regularization * squared), loss, 1e-4 + 1e-3 * regularization * squared);
    }

    [Fact]
    public void The_teacher_is_not_taught()
    {
        CompactVocoder teacher = Teacher();
        float[] before = [.. teacher.Parameters.Items.SelectMany(p => p.Value.Span.ToArray())];
        TrainingConfig config = s_student with { Steps = 3, Batch = 2, SaveEvery = 10 };
        var (_, task) = Create(config, teacher);
        var trainer = new Trainer(task, config, new Parallelism(1));
        trainer.Initialize();
        trainer.Run(_ => { }, () => { }, CancellationToken.None);
        Assert.Equal(before, teacher.Parameters.Items.SelectMany(p => p.Value.Span.ToArray()));
        Assert.All(teacher.Parameters.Items, p => Assert.Null(p.Value.Grad));
    }

    [Fact]
    public void A_student_of_the_teacher_s_own_distribution_has_no_divergence()
    {
        // A coupling flow generates in one pass, so it can be its own student.
        CompactVocoder teacher = Teacher(FlowKind.Coupling);
        TrainingConfig config = s_student with { Model = teacher.Config, Batch = 2 };
        CompactVocoder twin = TinyCorpus.Model(config, seed: 3);
        foreach (var (from, to) in teacher.Parameters.Items.Zip(twin.Parameters.Items))
        {
            from.Value.Span.CopyTo(to.Value.Span);
            to.Value.MarkChanged();
        }
        var task = new DistillationTask(twin, teacher, TinyCorpus.Data, config);
        Assert.Equal(0, task.Loss(new CpuOps(), 5).Kl!.Value, 1e-4);
        var (_, other) = Create(config, teacher);
        Assert.True(other.Loss(new CpuOps(), 5).Kl > 0.01);
    }

    [Fact]
    public void Both_estimates_agree_where_both_can_be_made()
    {
        CompactVocoder teacher = Teacher(FlowKind.Maf, 1);
        var (_, closed) = Create(Config(1, true, 0), teacher);
        var (_, estimated) = Create(Config(1, true, 0) with { Distillation = new DistillationConfig() }, teacher);
        // The same noise; the closed form averages over what the estimate draws: 4,096 samples leave about a fiftieth.
        double exact = closed.Loss(new CpuOps(), 2).Kl!.Value, estimate = estimated.Loss(new CpuOps(), 2).Kl!.Value;
        Assert.InRange(exact, 0.005, 2);
        Assert.Equal(exact, estimate, 0.02 + 0.1 * exact);
    }

    [Fact]
    public void Forty_steps_bring_a_student_nearer_to_its_teacher()
    {
        CompactVocoder teacher = Teacher();
        TrainingConfig config = s_student with { Steps = 40, Batch = 4, LearningRate = 0.02, FinalLearningRate = 0.004, AverageDecay = 0.9, ValidateEvery = 40,
            LogEvery = 40 };
        CompactVocoder student = TinyCorpus.Model(config, seed: 2);
        var task = new DistillationTask(student, teacher, TinyCorpus.Data, config);
        var trainer = new Trainer(task, config, new Parallelism(2));
        trainer.Initialize();
        double before = task.Validate(new CpuOps()).Kl!.Value;
        TrainingReport? report = null;
        trainer.Run(r => report = r, () => { }, CancellationToken.None);
        Assert.True(before > 0.02, $"{before} nats per sample at first");
        Assert.True(report!.ValidKl < 0.6 * before, $"from {before} to {report.ValidKl} nats per sample");
    }

    [Fact]
    public void A_student_begins_with_the_conditioners_of_its_teacher_that_fit()
    {
        CompactVocoder teacher = Teacher(FlowKind.Maf, 32);
        CompactVocoder student = TinyCorpus.Model(s_student, seed: 2);
        var task = new DistillationTask(student, teacher, TinyCorpus.Data, s_student);
        Assert.Null(task.Beginning);
        task.Initialize(new CpuOps());
        float[] Values(CompactVocoder model, string name) => model.Parameters.Items.Single(p => p.Name == name).Value.Span.ToArray();
        Assert.Equal(Values(teacher, "mel_encoder.0.weight"), Values(student, "mel_encoder.0.weight"));
        Assert.Equal(Values(teacher, "pitch.3.bias"), Values(student, "pitch.3.bias"));
        // Two positions in a group against one, and half as many groups in a frame.
        Assert.NotEqual(Values(teacher, "phase_encoder.0.weight").Length, Values(student, "phase_encoder.0.weight").Length);
        Assert.NotEqual(Values(teacher, "mel_encoder.2.weight").Length, Values(student, "mel_encoder.2.weight").Length);
        string[] networks = ["mel_encoder.", "phase_encoder.", "pitch."];
        Parameter[] all = [.. student.Parameters.Items.Where(p => networks.Any(n => p.Name.StartsWith(n, StringComparison.Ordinal)))];
        int same = all.Count(p => Values(teacher, p.Name).SequenceEqual(p.Value.Span.ToArray()));
        Assert.InRange(same, 3, all.Length - 2);
        Assert.Equal($"begins with {same} of {all.Length} conditioner tensors of its teacher", task.Beginning);
    }

    public static TheoryData<string> Unfit =>
        ["iaf teacher", "maf student", "continuous teacher", "continuous student", "recipe", "linear prediction", "phase", "closed form", "contrastive",
            "until", "from"];

    [Theory, MemberData(nameof(Unfit))]
    public void What_does_not_fit_is_told_in_one_line(string what)
    {
        CompactVocoder teacher = Teacher();
        TrainingConfig config = s_student;
        MelRecipe recipe = TinyCorpus.Recipe;
        string expected = "";
        switch (what)
        {
            case "iaf teacher":
                teacher = TinyCorpus.Model(s_student);
                expected = "the teacher is a student itself: its flow is iaf, which scores step by step; expected maf or coupling";
                break;
            case "maf student":
                config = config with { Model = config.Model with { Flow = FlowKind.Maf } };
                expected = "configuration: model.flow is maf, expected iaf or coupling: a student generates in one pass";
                break;
            case "continuous teacher":
                teacher = TinyCorpus.Model(config with { Model = config.Model with { Flow = FlowKind.Continuous, Flows = 1, EarlyEvery = 0 } });
                expected = "the teacher has a continuous flow, which estimates what it scores; expected maf or coupling";
                break;
            case "continuous student":
                config = config with { Model = config.Model with { Flow = FlowKind.Continuous, Flows = 1, EarlyEvery = 0 } };
                expected = "configuration: model.flow is continuous, expected iaf or coupling: a continuous flow learns by matching, see vocoder train";
                break;
            case "recipe":
                recipe = MelRecipe.ByName("bigvgan-24k");
                expected = "configuration: recipe is bigvgan-24k, expected that of the teacher, hifigan: sample rate 24000 Hz, the voice expects 22050 Hz";
                break;
            case "linear prediction":
                config = Config(1, true, 0);
                config = config with { Model = config.Model with { LinearPrediction = 0 } };
                teacher = Teacher(FlowKind.Maf, 1);
                expected = "configuration: model.linear_prediction is 0, expected that of the teacher, 8, with the closed form: it compares single samples "
                    + "of one excitation";
                break;
            case "phase":
                config = config with { Model = config.Model with { Harmonics = [] } };
                expected = "configuration: model.harmonics is none, expected some: the teacher is told the phase";
                break;
            case "closed form":
                config = config with { Distillation = new DistillationConfig { ClosedForm = true } };
                expected = "configuration: distillation.closed_form is true, expected false with groups of 64 and, of the teacher, 64: the closed form is "
                    + "that of single samples";
                break;
            case "until":
                config = config with { Distillation = new DistillationConfig { Until = 100 } };
                expected = "configuration: distillation.until is 100, expected 0 without losses of generated speech, which are all that is left then";
                break;
            case "from":
                config = config with { Distillation = new DistillationConfig { Until = 100 }, MelLossWeight = 1, MelLossFrom = 101 };
                expected = "configuration: mel_loss_from is 101, expected at most 100, where the teacher is asked no more";
                break;
            case "contrastive":
                config = config with { Batch = 1, Distillation = new DistillationConfig { Contrastive = 0.3f } };
                expected = "configuration: batch is 1, expected 2 or more with a contrastive term, which takes the condition of another item";
                break;
        }
        string message = Assert.Throws<VocoderException>(() => DistillationTask.Check(new CompactVocoder(config.Model, recipe), teacher, config)).Message;
        if (what == "recipe") Assert.StartsWith(expected[..60], message, StringComparison.Ordinal);
        else Assert.Equal(expected, message);
    }
}
