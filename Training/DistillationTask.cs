using FlowVocoder.Compute;
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

    /// <exception cref="VocoderException">Student and teacher do not fit; see <see cref="Check"/>.</exception>
    public DistillationTask(CompactVocoder student, CompactVocoder teacher, SpeechDataset data, TrainingConfig config) : base(student, data, config)
    {
        Check(student, teacher, config);
        teacher.Parameters.Freeze();
        (_teacher, _teacherConditions) = (teacher, new ConditionLoader(teacher, config.CropFrames));
    }

    /// <summary>Whether a teacher can teach a student.</summary>
    /// <exception cref="VocoderException">It cannot; the line says why.</exception>
    public static void Check(CompactVocoder student, CompactVocoder teacher, TrainingConfig config)
    {
        if (teacher.Stack.ScoresStepByStep)
            throw new VocoderException("the teacher is a student itself: its flow is iaf, which scores step by step; expected maf or coupling");
        ConfigJson.Check(!student.Stack.GeneratesStepByStep, "model.flow", "maf", "iaf or coupling: a student generates in one pass");
        if (teacher.Recipe.Mismatch(student.Recipe) is { } difference)
            throw new VocoderException($"configuration: recipe is {student.Recipe.Name}, expected that of the teacher, {teacher.Recipe.Name}: {difference}");
        ConfigJson.Check(student.Config.LinearPrediction == teacher.Config.LinearPrediction, "model.linear_prediction", student.Config.LinearPrediction,
            $"that of the teacher, {teacher.Config.LinearPrediction}: both densities are of the same excitation");
        ConfigJson.Check(student.UsesPhase || !teacher.UsesPhase, "model.harmonics", "none", "some: the teacher is told the phase");
        ConfigJson.Check(!config.Distillation.ClosedForm || (student.Config.Group == 1 && teacher.Config.Group == 1), "distillation.closed_form", "true",
            $"false with groups of {student.Config.Group} and, of the teacher, {teacher.Config.Group}: the closed form is that of single samples");
        ConfigJson.Check(config.Distillation.Contrastive == 0 || config.Batch > 1, "batch", config.Batch, "2 or more with a contrastive term, which takes the condition of another item");
    }

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

    protected override StepResult Loss(Ops ops, ExcitationBatch batch, Tensor condition, long step)
    {
        IReadOnlyList<Tensor> latents = DrawLatents(ops, condition, step, 0);
        var (kl, divergence, generated) = Config.Distillation.ClosedForm ? ClosedForm(ops, batch, latents[0], condition) : MonteCarlo(ops, batch, latents, condition);
        Tensor loss = ops.Scale(kl, Config.Distillation.KlWeight);
        double melLoss = 0;
        if (Generation.IsOn(step))
            loss = ops.Add(loss, Generation.Apply(ops, batch, generated, () => Generate(ops, condition, step, 1), out melLoss));
        return new StepResult(loss, 0, 0, melLoss, divergence);
    }

    private (Tensor Loss, double Kl, Tensor Generated) MonteCarlo(Ops ops, ExcitationBatch batch, IReadOnlyList<Tensor> latents, Tensor condition)
    {
        Tensor generated = ops.Unfold(Model.Stack.Inverse(ops, latents, condition, out Tensor logDet), Model.Config.Group);
        Tensor logQ = MonteCarloKl.LogDensity(ops, latents, logDet, generated.Size), logP = TeacherDensity(ops, generated, batch.Crops);
        Tensor loss = MonteCarloKl.Apply(ops, logQ, logP);
        float gamma = Config.Distillation.Contrastive;
        // The condition of other speech is that of the next item. Linear prediction stays: it is the coordinates, not the condition.
        if (gamma > 0) loss = ops.Add(loss, ContrastiveKl.Apply(ops, logQ, TeacherDensity(ops, generated, [.. batch.Crops.Skip(1), batch.Crops[0]]), gamma));
        return (loss, logQ.Item - logP.Item, generated);
    }

    private Tensor TeacherDensity(Ops ops, Tensor generated, IReadOnlyList<Crop> crops) =>
        MonteCarloKl.LogDensity(ops, _teacher.Stack.Forward(ops, ops.Fold(generated, _teacher.Config.Group), TeacherCondition(ops, crops)), generated.Size);

    private Tensor TeacherCondition(Ops ops, IReadOnlyList<Crop> crops) => _teacherConditions.Condition(ops, _teacherConditions.Mels(ops, crops), crops);

    // x = z·σ_q + μ_q of the student and z_p = (x - μ_p)/σ_p of the teacher give the means from both ends of each.
    private (Tensor Loss, double Kl, Tensor Generated) ClosedForm(Ops ops, ExcitationBatch batch, Tensor z, Tensor condition)
    {
        Tensor x = Model.Stack.Elementwise(ops, z, condition, generating: true, out Tensor logSigmaQ);
        Tensor normal = _teacher.Stack.Elementwise(ops, x, TeacherCondition(ops, batch.Crops), generating: false, out Tensor logScale), logSigmaP = ops.Scale(logScale, -1f);
        Tensor meanQ = ops.Affine(ops.Scale(z, -1f), logSigmaQ, x), meanP = ops.Affine(ops.Scale(normal, -1f), logSigmaP, x);
        Tensor loss = new GaussianKl(Config.Distillation.Regularization).Apply(ops, meanQ, logSigmaQ, meanP, logSigmaP, out double kl);
        return (loss, kl, x);
    }
}
