using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Training;

/// <summary>
/// Probability density distillation: a student that generates in one pass learns to generate what its teacher finds likely, and with it, as the
/// configuration asks, what is near to the recording. Both see the same mel, the same phase and the same linear prediction.
/// </summary>
internal sealed class DistillationTask : CompactTaskBase
{
    // The networks around the flow that a student begins with, where they have the size of its teacher's.
    private static readonly string[] s_taught = ["mel_encoder.", "phase_encoder.", "pitch."];
    private readonly CompactVocoder _teacher;
    private readonly ConditionLoader _teacherConditions;
    private readonly SpeechLoader _teacherSpeech;

    /// <exception cref="VocoderException">Student and teacher do not fit; see <see cref="Check"/>.</exception>
    public DistillationTask(CompactVocoder student, CompactVocoder teacher, SpeechDataset data, TrainingConfig config) : base(student, data, config)
    {
        Check(student, teacher, config);
        teacher.Parameters.Freeze();
        (_teacher, _teacherConditions) = (teacher, new ConditionLoader(teacher, config.CropFrames));
        _teacherSpeech = new SpeechLoader(teacher, config.CropFrames, new Philox(config.Seed));
    }

    /// <summary>Whether a teacher can teach a student.</summary>
    /// <exception cref="VocoderException">It cannot; the line says why.</exception>
    public static void Check(CompactVocoder student, CompactVocoder teacher, TrainingConfig config)
    {
        if (teacher.Stack.ScoresStepByStep)
            throw new VocoderException("the teacher is a student itself: its flow is iaf, which scores step by step; expected maf or coupling");
        JsonConfig.Check(!student.Stack.GeneratesStepByStep, "model.flow", "maf", "iaf or coupling: a student generates in one pass");
        if (teacher.Stack.Continuous != null)
            throw new VocoderException("the teacher has a continuous flow, which estimates what it scores; expected maf or coupling");
        JsonConfig.Check(student.Stack.Continuous == null, "model.flow", "continuous",
            "iaf or coupling: a continuous flow learns by matching, see vocoder train");
        if (teacher.Recipe.Mismatch(student.Recipe) is { } difference)
            throw new VocoderException($"configuration: recipe is {student.Recipe.Name}, expected that of the teacher, {teacher.Recipe.Name}: {difference}");
        JsonConfig.Check(!config.Distillation.ClosedForm || (student.Config.LinearPrediction, student.Config.LagWindow) == (teacher.Config.LinearPrediction,
            teacher.Config.LagWindow),
            "model.linear_prediction", student.Config.LinearPrediction,
                $"that of the teacher, {teacher.Config.LinearPrediction}, with the closed form: it compares single samples of one excitation");
        JsonConfig.Check(config.Distillation.Until == 0 || config.HasGenerationLoss, "distillation.until", config.Distillation.Until,
            "0 without losses of generated speech, which are all that is left then");
        JsonConfig.Check(config.Distillation.Until == 0 || config.MelLossFrom <= config.Distillation.Until, "mel_loss_from", config.MelLossFrom,
            $"at most {config.Distillation.Until}, where the teacher is asked no more");
        JsonConfig.Check(student.UsesPhase || !teacher.UsesPhase, "model.harmonics", "none", "some: the teacher is told the phase");
        JsonConfig.Check(!config.Distillation.ClosedForm || (student.Config.Group == 1 && teacher.Config.Group == 1), "distillation.closed_form", "true",
            $"false with groups of {student.Config.Group} and, of the teacher, {teacher.Config.Group}: the closed form is that of single samples");
        JsonConfig.Check(config.Distillation.FrameWeight == 0, "distillation.frame_weight", config.Distillation.FrameWeight,
            "0 for all but a ClariNet; stft_loss_weight weighs another distance of spectra");
        JsonConfig.Check(config.Distillation.Contrastive == 0 || config.Batch > 1, "batch", config.Batch,
            "2 or more with a contrastive term, which takes the condition of another item");
    }

    public override bool IsDistillation => true;

    /// <summary>What the student began with, one line to tell; null where it began with other weights.</summary>
    public string? Beginning { get; private set; }

    /// <summary>The student begins with mel encoder, phase encoder and pitch predictor of its teacher, as far as they fit.</summary>
    public override void Initialize(Ops ops)
    {
        Parameter[] conditioners = [.. Parameters.Items.Where(p => s_taught.Any(prefix => p.Name.StartsWith(prefix, StringComparison.Ordinal)))];
        int fitting = 0;
        foreach (Parameter own in conditioners)
            if (_teacher.Parameters.Items.FirstOrDefault(p => p.Name == own.Name) is { } taught && taught.Shape.AsSpan().SequenceEqual(own.Shape))
            {
                taught.Value.Span.CopyTo(own.Value.Span);
                own.Value.MarkChanged();
                fitting++;
            }
        Beginning = FormattableString.Invariant($"begins with {fitting} of {conditioners.Length} conditioner tensors of its teacher");
    }

    protected override StepResult Loss(Ops ops, SpeechBatch batch, Tensor mels, long step)
    {
        bool isTaught = step == Validation || Config.Distillation.Until == 0 || step < Config.Distillation.Until;
        Generator generator = isTaught ? new Generator(Conditions.Condition(ops, mels, batch.Crops), Predict(ops, batch.Crops), batch.Crops)
            : Speaker(ops, batch.Crops, step);
        Divergence? divergence = !isTaught ? null : Config.Distillation.ClosedForm ? ClosedForm(ops, batch, generator, step)
            : MonteCarlo(ops, batch, generator, step);
        Tensor? loss = divergence == null ? null : ops.Scale(divergence.Loss, Config.Distillation.KlWeight);
        double melLoss = 0;
        if (Generates(step))
        {
            Spoken spoken = divergence?.Spoken ?? Speak(ops, generator, step, 0);
            Tensor distance = SpeechLoss(ops, batch, generator, spoken, step, out melLoss);
            loss = loss == null ? distance : ops.Add(loss, distance);
        }
        return new StepResult(loss, 0, 0, melLoss, divergence?.Kl);
    }

    // What is minimised, the divergence in nats per sample, and the speech that it was found on.
    private sealed record Divergence(Tensor Loss, double Kl, Spoken Spoken);

    private Divergence MonteCarlo(Ops ops, SpeechBatch batch, Generator generator, long step)
    {
        IReadOnlyList<Tensor> latents = DrawLatents(ops, generator.Condition, step, 0);
        Tensor excitation = ops.Unfold(Model.Stack.Inverse(ops, latents, generator.Condition, out Tensor logDet), Model.Config.Group);
        Tensor speech = generator.Prediction.Speak(ops, excitation), logQ = MonteCarloKl.LogDensity(ops, latents, logDet, speech.Size);
        var (logP, offset) = TeacherDensity(ops, speech, batch.Crops, batch.Crops);
        Tensor loss = MonteCarloKl.Apply(ops, logQ, logP);
        float gamma = Config.Distillation.Contrastive;
        // The condition of other speech is that of the next item. Linear prediction stays: it is the coordinates, not the condition.
        if (gamma > 0)
            loss = ops.Add(loss, ContrastiveKl.Apply(ops, logQ,
            TeacherDensity(ops, speech, batch.Crops, [.. batch.Crops.Skip(1), batch.Crops[0]]).LogP, gamma));
        return new Divergence(loss, ops.ReadItem(logQ) + generator.Prediction.LogDet - ops.ReadItem(logP) - offset, new Spoken(excitation, speech));
    }

    // Of speech, each model through its own linear prediction: the log-density of the excitation, and what that of the speech has more.
    private (Tensor LogP, double Offset) TeacherDensity(Ops ops, Tensor speech, IReadOnlyList<Crop> crops, IReadOnlyList<Crop> conditions)
    {
        Prediction prediction = _teacherSpeech.Predict(ops, crops);
        Tensor groups = ops.Fold(prediction.Analyze(ops, speech), _teacher.Config.Group);
        return (MonteCarloKl.LogDensity(ops, _teacher.Stack.Forward(ops, groups, TeacherCondition(ops, conditions)), speech.Size), prediction.LogDet);
    }

    private FlowCondition TeacherCondition(Ops ops, IReadOnlyList<Crop> crops) => _teacherConditions.Condition(ops, _teacherConditions.Mels(ops, crops), crops);

    // x = z·σ_q + μ_q of the student and z_p = (x - μ_p)/σ_p of the teacher give the means from both ends of each.
    private Divergence ClosedForm(Ops ops, SpeechBatch batch, Generator generator, long step)
    {
        Tensor z = DrawLatents(ops, generator.Condition, step, 0)[0];
        Tensor x = Model.Stack.Elementwise(ops, z, generator.Condition, generating: true, out Tensor logSigmaQ);
        Tensor normal = _teacher.Stack.Elementwise(ops, x, TeacherCondition(ops, batch.Crops), generating: false, out Tensor logScale),
            logSigmaP = ops.Scale(logScale, -1f);
        Tensor meanQ = ops.Affine(ops.Scale(z, -1f), logSigmaQ, x), meanP = ops.Affine(ops.Scale(normal, -1f), logSigmaP, x);
        Tensor loss = new GaussianKl(Config.Distillation.Regularization).Apply(ops, meanQ, logSigmaQ, meanP, logSigmaP, out double kl);
        return new Divergence(loss, kl, new Spoken(x, generator.Prediction.Speak(ops, x)));
    }
}
