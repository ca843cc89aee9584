using FlowVocoder.Compute;
using FlowVocoder.Training.Adversarial;

namespace FlowVocoder.Training;

/// <summary>What a step or a validation found.</summary>
/// <param name="Loss">The scalar to minimise, or null when only measuring.</param>
/// <param name="NatsPerSample">Log-likelihood of the recording in nats per sample; higher is better, NaN where it is not measured.</param>
/// <param name="PitchLoss">Cross-entropy of pitch and voicing in nats per frame; 0 without a pitch predictor.</param>
/// <param name="MelLoss">Log-mel distance between generated and recorded speech; 0 when not part of the loss.</param>
/// <param name="Kl">Divergence of a student from its teacher in nats per sample, in place of a likelihood; null without a teacher.</param>
internal sealed record StepResult(Tensor? Loss, double NatsPerSample, double PitchLoss, double MelLoss, double? Kl = null)
{
    /// <summary>Weighted energy of what flow matching found wrong; null where nothing is matched.</summary>
    public double? Matching { get; init; }

    /// <summary>Cross-entropy of a Flowtron's gate in nats per frame; null of other models.</summary>
    public double? Gate { get; init; }

    /// <summary>CTC loss of its attention in nats per symbol of the text; null of other models.</summary>
    public double? Attention { get; init; }

    /// <summary>Adds what another found, weighted; for means.</summary>
    public StepResult Plus(StepResult other, double weight) => new(null, NatsPerSample + weight * other.NatsPerSample,
        PitchLoss + weight * other.PitchLoss, MelLoss + weight * other.MelLoss, Plus(Kl, other.Kl, weight))
    {
        Matching = Plus(Matching, other.Matching, weight), Gate = Plus(Gate, other.Gate, weight), Attention = Plus(Attention, other.Attention, weight),
    };

    private static double? Plus(double? sum, double? other, double weight) => other == null ? sum : (sum ?? 0) + weight * other;
}

/// <summary>A model with its data and loss, as <see cref="Trainer"/> sees it.</summary>
internal interface ITrainingTask
{
    /// <summary>What is trained.</summary>
    ParameterSet Parameters { get; }

    /// <summary>Seconds of audio in a step.</summary>
    double SecondsPerStep { get; }

    /// <summary>Whether a student learns from a teacher.</summary>
    bool IsDistillation => false;

    /// <summary>Data-dependent initialisation, once before the first step.</summary>
    void Initialize(Ops ops);

    /// <summary>The loss of a step: a function of the parameters and the number of the step alone.</summary>
    StepResult Loss(Ops ops, long step);

    /// <summary>What is trained against what is trained; null without.</summary>
    Adversary? Adversary => null;

    /// <summary>Last touches to the weights of a voice, made on a copy: training goes on without them.</summary>
    void Finish(Ops ops);

    /// <summary>Measures the held-out data.</summary>
    StepResult Validate(Ops ops);
}
