using FlowVocoder.Models;

namespace FlowVocoder.Training;

/// <summary>How a student learns from a teacher: the member distillation of a training configuration.</summary>
public sealed record DistillationConfig
{
    /// <summary>Weight of the divergence of the student from its teacher. The default value is 1.</summary>
    public float KlWeight { get; init; } = 1f;

    /// <summary>
    /// Steps after which the teacher is asked no more: its density costs most of a step, and once the losses of generated speech lead, it says little. 0
    /// means never. The default value is 0.
    /// </summary>
    public long Until { get; init; }

    /// <summary>
    /// Whether the divergence is that of ClariNet, in closed form for each sample; teacher and student then move single samples (group 1). A ClariNet has no
    /// other.
    /// Otherwise it is estimated on what the student generates, for any pair of flows. The default value is false.
    /// </summary>
    public bool ClosedForm { get; init; }

    /// <summary>λ of the closed form: weight of (log σ of teacher - log σ of student)². The default value is 4.</summary>
    public float Regularization { get; init; } = 4f;

    /// <summary>
    /// Weight of ClariNet's distance between generated and recorded speech, the mean squared difference of STFT magnitudes; for a ClariNet. The default value
    /// is 0.
    /// </summary>
    public float FrameWeight { get; init; }

    /// <summary>
    /// γ of the contrastive term: how much the divergence under the condition of other speech counts against that under its own. The default value is 0.
    /// </summary>
    public float Contrastive { get; init; }

    internal void Validate()
    {
        JsonConfig.Check(KlWeight is >= 0 and <= 1000, "distillation.kl_weight", KlWeight, "0 to 1000");
        JsonConfig.Check(Until >= 0, "distillation.until", Until, "0 or more");
        JsonConfig.Check(Regularization is >= 0 and <= 1000, "distillation.regularization", Regularization, "0 to 1000");
        JsonConfig.Check(FrameWeight is >= 0 and <= 1000, "distillation.frame_weight", FrameWeight, "0 to 1000");
        JsonConfig.Check(Contrastive is >= 0 and < 1, "distillation.contrastive", Contrastive, "0 to below 1");
        JsonConfig.Check(Contrastive == 0 || !ClosedForm, "distillation.contrastive", Contrastive, "0 with the closed form");
    }
}
