using System.Globalization;

namespace FlowVocoder.Training;

/// <summary>
/// Whether a run still learns: its recent batches and its held-out clips against their past. Its numbers are part of a checkpoint, so that a resumed run
/// judges as the uninterrupted one does.
/// </summary>
internal sealed class RunHealth
{
    private const double Decay = 0.99;
    // At this part of the recent batches unusable, 160 in a row after sound ones, nothing is learnt any more; the guard opens again long before.
    private const double MaxUnusable = 0.8;
    // Far beyond what healthy runs vary by: nats per sample, and of the mel distance the factor and what is added.
    private const double Nats = 10, MelFactor = 4, MelMore = 0.5, KlFactor = 4;
    private readonly bool _isMel, _isKl, _isMatching, _isChosen;

    public RunHealth(TrainingConfig config, bool isDistillation)
    {
        _isMatching = config.IsMatching && !isDistillation;
        // What discriminators ask for and what a teacher no longer asked would say are no measures of what is learnt: the mel distance is.
        _isMel = config.MelLossWeight > 0;
        _isKl = isDistillation;
        _isChosen = config.Adversarial.Weight == 0;
        bool unmeasured = config.Adversarial.Weight > 0 || (isDistillation && config.Distillation.Until > 0);
        Measure = _isMel ? "mel distance" : unmeasured ? "" : isDistillation ? "divergence" : _isMatching ? "matching error" : "negative log-likelihood";
    }

    /// <summary>What is judged; empty where there is no number for what is learnt, and unusable batches alone are counted.</summary>
    public string Measure { get; }

    /// <summary>Part of the recent batches that were skipped.</summary>
    public double Unusable { get; private set; }

    /// <summary>Running mean of the measure in training; NaN before the first.</summary>
    public double Recent { get; private set; } = double.NaN;

    /// <summary>The lowest that it has been; NaN before the first.</summary>
    public double LowestRecent { get; private set; } = double.NaN;

    /// <summary>The lowest measure of the held-out clips at a save; NaN before the first.</summary>
    public double Best { get; private set; } = double.NaN;

    /// <summary>The step whose voice is kept; 0 while there is none.</summary>
    public long BestStep { get; private set; }

    /// <summary>Whether there is a past to compare with.</summary>
    public bool IsKnown => Measure.Length == 0 || !double.IsNaN(Best);

    /// <summary>Takes up a saved run that was judged by the same measure.</summary>
    public void Restore(double unusable, double recent, double lowestRecent, double best, long bestStep) =>
        (Unusable, Recent, LowestRecent, Best, BestStep) = (unusable, recent, lowestRecent, best, bestStep);

    /// <summary>Begins with what the held-out clips say of a state; a step of 0 has no voice yet.</summary>
    public void Begin(StepResult heldOut, long step) => (Best, BestStep) = (Of(heldOut) ?? double.NaN, step);

    /// <summary>Counts a batch.</summary>
    /// <param name="result">What it found; null where it was skipped.</param>
    /// <returns>Why the run must end; null where it need not.</returns>
    public string? Batch(StepResult? result)
    {
        Unusable = Decay * Unusable + (result == null ? 1 - Decay : 0);
        if (Unusable > MaxUnusable)
            return string.Create(CultureInfo.InvariantCulture,
                $"{100 * Unusable:0} % of the recent batches were skipped because their loss or gradient was not finite or far above the others");
        // 0 stands for a distance that is not part of the loss yet.
        if (result == null || Of(result) is not { } value || (_isMel && value == 0)) return null;
        Recent = double.IsNaN(Recent) ? value : Decay * Recent + (1 - Decay) * value;
        LowestRecent = Recent > LowestRecent ? LowestRecent : Recent;
        return Compare("recent batches", Recent, LowestRecent);
    }

    /// <summary>Judges a measurement of the held-out clips.</summary>
    /// <returns>Why the run must end; null where it need not.</returns>
    public string? HeldOut(StepResult result) => Of(result) is { } value ? Compare("held-out clips", value, Best) : null;

    /// <summary>Whether a healthy state that the held-out clips were measured with is to become the voice.</summary>
    public bool IsBest(StepResult heldOut) => BestStep == 0 || !_isChosen || Of(heldOut) is not { } value || !(value > Best);

    /// <summary>Keeps a state that has become the voice.</summary>
    public void Keep(StepResult heldOut, long step)
    {
        // With discriminators a later voice may be the better one, yet health is still judged by the lowest distance.
        if (Of(heldOut) is { } value && !(value > Best)) Best = value;
        BestStep = step;
    }

    private double? Of(StepResult result) => _isMel ? result.MelLoss : Measure.Length == 0 ? null
        : _isKl ? result.Kl : _isMatching ? result.Matching : -result.NatsPerSample;

    private string? Compare(string where, double value, double past)
    {
        // A divergence has no upper end, and one in closed form begins with thousands where a student knows nothing.
        double bound = _isMel ? MelFactor * past + MelMore : _isKl ? Math.Max(KlFactor * past, past + Nats) : past + Nats;
        return double.IsFinite(value) && !(value > bound) ? null
            : string.Create(CultureInfo.InvariantCulture, $"the {Measure} of the {where} is {value:0.###} and was {past:0.###}");
    }
}
