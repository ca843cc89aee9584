using System.Diagnostics;
using System.Numerics;
using System.Text.Json.Serialization;
using FlowVocoder.Compute;
using FlowVocoder.Training.Adversarial;
using FlowVocoder.Training.Optimization;

namespace FlowVocoder.Training;

/// <summary>Progress of a run, for display and the log.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Steps in all.</param>
/// <param name="NatsPerSample">Training log-likelihood since the last report, nats per sample.</param>
/// <param name="PitchLoss">Cross-entropy of the pitch predictor.</param>
/// <param name="GradientNorm">Norm of the last gradient.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="Skipped">Batches skipped so far because loss or gradient was not usable.</param>
/// <param name="SecondsPerStep">Mean time of a step since the last report.</param>
/// <param name="AudioSecondsPerSecond">Seconds of audio trained on in a second.</param>
/// <param name="ValidNats">Log-likelihood of the held-out clips under the averaged weights, or null when not measured now.</param>
/// <param name="ValidPitchLoss">Cross-entropy of the pitch predictor there.</param>
/// <param name="MelLoss">Log-mel distance between generated and recorded speech, 0 when not part of the loss.</param>
/// <param name="ValidMelLoss">The same on the held-out clips.</param>
/// <param name="Kl">Divergence of a student from its teacher, nats per sample; null without a teacher and where it is asked no more.</param>
/// <param name="ValidKl">The same on the held-out clips.</param>
/// <param name="IsTaught">Whether a student learns from a teacher; logs of former versions have no such member.</param>
/// <param name="Matching">Weighted energy of what flow matching found wrong; null where nothing is matched.</param>
/// <param name="ValidMatching">The same on the held-out clips.</param>
/// <param name="Gate">Cross-entropy of a Flowtron's gate, nats per frame; null of other models.</param>
/// <param name="ValidGate">The same on the held-out clips.</param>
/// <param name="Attention">CTC loss of its attention, nats per symbol; null of other models.</param>
/// <param name="ValidAttention">The same on the held-out clips.</param>
public sealed record TrainingReport(long Step, long Steps, double NatsPerSample, double PitchLoss, double GradientNorm, double LearningRate,
    long Skipped, double SecondsPerStep, double AudioSecondsPerSecond, double? ValidNats, double? ValidPitchLoss,
    double MelLoss = 0, double? ValidMelLoss = null, double? Kl = null, double? ValidKl = null, bool IsTaught = false,
    double? Matching = null, double? ValidMatching = null, double? Gate = null, double? ValidGate = null, double? Attention = null,
    double? ValidAttention = null)
{
    /// <summary>Whether a student learns from a teacher.</summary>
    [JsonIgnore]
    public bool IsDistillation => IsTaught || Kl != null;

    /// <summary>What the likelihood is counted by: a sample of speech, or of a Flowtron a value of the mel.</summary>
    [JsonIgnore]
    public string Unit => Attention == null ? "nats per sample" : "nats per value of the mel";

    /// <summary>
    /// What is told of the run, in nats per sample: the divergence of a student, else the log-likelihood; null where no batch has one.
    /// </summary>
    [JsonIgnore]
    public double? Nats => (IsDistillation ? Kl : NatsPerSample) is { } nats && double.IsFinite(nats) ? nats : null;

    /// <summary>The same on the held-out clips, or null when not measured now.</summary>
    [JsonIgnore]
    public double? HeldOutNats => (IsDistillation ? ValidKl : ValidNats) is { } nats && double.IsFinite(nats) ? nats : null;

    /// <summary>Estimated time to the end.</summary>
    public TimeSpan Left => TimeSpan.FromSeconds(SecondsPerStep * (Steps - Step));
}

/// <summary>
/// Runs an <see cref="ITrainingTask"/>: Adam, guards against bad batches, averaged weights, reports. All of its state is in
/// <see cref="Tensors"/> and the counters, and a step is a function of that state and its number, so a restored run goes on bit for bit.
/// </summary>
internal sealed class Trainer
{
    private const double LossDecay = 0.99;
    // Less inertia than the voice has: what it learns against moves (HiFi-GAN takes 0.8).
    private const float AdversaryBeta1 = 0.8f, AdversaryClipNorm = 10f;
    private readonly ITrainingTask _task;
    private readonly TrainingConfig _config;
    private readonly Adam _adam;
    private readonly Adam? _adversaryAdam;
    private readonly float[][] _average;
    private readonly Ops _ops, _evaluation;
    private readonly Parallelism _parallelism;

    /// <param name="task">What is minimised.</param>
    /// <param name="config">How.</param>
    /// <param name="parallelism">Threads.</param>
    /// <param name="engine">What computes losses and gradients; the managed engine when null. Weights, moments and averages stay in host memory.</param>
    public Trainer(ITrainingTask task, TrainingConfig config, Parallelism parallelism, Engine? engine = null)
    {
        (_task, _config, _parallelism) = (task, config, parallelism);
        engine ??= Engine.Managed;
        _ops = engine.Record(parallelism);
        _evaluation = engine.Compute(parallelism);
        Health = new RunHealth(config, task.IsDistillation);
        _adam = new Adam(task.Parameters, new AdamConfig(Beta2: config.Beta2, WeightDecay: config.WeightDecay, ClipNorm: config.ClipNorm), parallelism);
        if (task.Adversary is { } adversary)
            _adversaryAdam = new Adam(adversary.Parameters, new AdamConfig(Beta1: AdversaryBeta1, ClipNorm: AdversaryClipNorm), parallelism);
        _average = [.. task.Parameters.Items.Select(p => p.Value.Span.ToArray())];
    }

    /// <summary>Steps done, counting skipped ones.</summary>
    public long Step { get; private set; }

    /// <summary>Batches skipped.</summary>
    public long Skipped { get; private set; }

    /// <summary>The largest error of activations that were rebuilt, see <see cref="Ops.RebuildError"/>, since the run began.</summary>
    public double RebuildError { get; private set; }

    /// <summary>Running mean of the loss, which the guard compares with; NaN before the first step.</summary>
    public double MeanLoss { get; private set; } = double.NaN;

    /// <summary>How the run is.</summary>
    public RunHealth Health { get; }

    /// <summary>Whether the run has ended because it no longer learns.</summary>
    public bool HasDiverged { get; private set; }

    /// <summary>Whether the state being saved is to become the voice.</summary>
    public bool IsVoice { get; private set; }

    /// <summary>Everything but the counters, by name: parameters, moments and averages.</summary>
    public IEnumerable<(string Name, Memory<float> Values)> Tensors
    {
        get
        {
            var items = _task.Parameters.Items;
            foreach (var (name, values) in _adam.State) yield return (name, values);
            for (int i = 0; i < items.Count; i++) yield return ("average." + items[i].Name, _average[i]);
            foreach (var (name, values) in Adversary) yield return (name, values);
        }
    }

    /// <summary>What <see cref="Tensors"/> has of the discriminators; a run may get them on its way.</summary>
    public IEnumerable<(string Name, Memory<float> Values)> Adversary
    {
        get
        {
            if (_adversaryAdam == null) yield break;
            foreach (Parameter p in _task.Adversary!.Parameters.Items) yield return ("adversary." + p.Name, p.Value.Memory);
            foreach (var (name, values) in _adversaryAdam.State) yield return ("adversary." + name, values);
        }
    }

    /// <summary>Updates of the discriminators.</summary>
    public long AdversaryUpdates => _adversaryAdam?.Updates ?? 0;

    /// <summary>Takes up a saved run; the tensors have been filled by the caller.</summary>
    public void Restore(long step, long skipped, long updates, long adversaryUpdates, double meanLoss)
    {
        (Step, Skipped, _adam.Updates, MeanLoss) = (step, skipped, updates, meanLoss);
        if (_adversaryAdam != null) _adversaryAdam.Updates = adversaryUpdates;
    }

    /// <summary>Updates made, fewer than steps when batches were skipped.</summary>
    public long Updates => _adam.Updates;

    /// <summary>Prepares a new run, from weights that <paramref name="load"/> puts in place or, without it, from the task's own beginning.</summary>
    public void Initialize(Action? load = null)
    {
        if (load == null) _task.Initialize(_evaluation);
        else load();
        for (int i = 0; i < _average.Length; i++) _task.Parameters.Items[i].Value.Span.CopyTo(_average[i]);
    }

    /// <summary>Measures the held-out data before the first step of this run or of what is left of it.</summary>
    public TrainingReport Start()
    {
        StepResult valid = Validate();
        Health.Begin(valid, Step);
        return new TrainingReport(0, _config.Steps, valid.NatsPerSample, valid.PitchLoss, 0, _config.LearningRateAt(0), 0, 0, 0,
            valid.NatsPerSample, valid.PitchLoss, valid.MelLoss, valid.MelLoss, valid.Kl, valid.Kl, _task.IsDistillation, valid.Matching, valid.Matching,
            valid.Gate, valid.Gate, valid.Attention, valid.Attention);
    }

    /// <summary>Trains to the configured step, calling back after reports and when a checkpoint is due.</summary>
    /// <param name="report">Is given each report.</param>
    /// <param name="save">Saves a state that is well, and the voice where <see cref="IsVoice"/> says so.</param>
    /// <param name="cancellation">Ends the run after a step, with a save.</param>
    /// <exception cref="VocoderException">The run has diverged; the message says by what. What was saved before is sound.</exception>
    public void Run(Action<TrainingReport> report, Action save, CancellationToken cancellation)
    {
        var sum = new StepResult(null, 0, 0, 0);
        double norm = 0;
        long counted = 0, taught = 0, since = Step, start = Stopwatch.GetTimestamp();
        // A kill may have come before the voice was written, or somebody has deleted it.
        if (Step >= _config.Steps) Save(save, Validate(), keep: true);
        while (Step < _config.Steps && !cancellation.IsCancellationRequested)
        {
            double rate = _config.LearningRateAt(Step);
            bool usable = Advance(rate, out StepResult result, out norm);
            RequireHealth(Health.Batch(usable ? result : null));
            if (usable)
            {
                sum = sum.Plus(result, 1);
                counted++;
                if (result.Kl != null) taught++;
            }
            bool last = Step == _config.Steps, validate = last || Step % _config.ValidateEvery == 0, isDue = last || Step % _config.SaveEvery == 0;
            StepResult? valid = validate || isDue ? Validate() : null;
            if (validate || Step % _config.LogEvery == 0)
            {
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds / (Step - since);
                StepResult? told = validate ? valid : null;
                report(new TrainingReport(Step, _config.Steps, sum.NatsPerSample / counted, sum.PitchLoss / counted, norm, rate, Skipped, seconds,
                    _task.SecondsPerStep / seconds, told?.NatsPerSample, told?.PitchLoss, sum.MelLoss / counted, told?.MelLoss,
                    taught > 0 ? sum.Kl / taught : null, told?.Kl, _task.IsDistillation, sum.Matching / counted, told?.Matching,
                    sum.Gate / counted, told?.Gate, sum.Attention / counted, told?.Attention));
                (sum, counted, taught, since, start) = (new StepResult(null, 0, 0, 0), 0, 0, Step, Stopwatch.GetTimestamp());
            }
            if (valid != null) RequireHealth(Health.HeldOut(valid));
            if (last && 2 * Skipped > _config.Steps)
                RequireHealth(FormattableString.Invariant(
                    $"{Skipped} of {_config.Steps} batches were skipped because their loss or gradient was not finite or far above the others"));
            if (isDue) Save(save, valid!, keep: true);
        }
        if (!cancellation.IsCancellationRequested) return;
        StepResult now = Validate();
        RequireHealth(Health.HeldOut(now));
        // Whether it was stopped changes nothing of what a run chooses later.
        Save(save, now, keep: false);
    }

    private void Save(Action save, StepResult heldOut, bool keep)
    {
        IsVoice = Health.IsBest(heldOut);
        if (IsVoice && keep) Health.Keep(heldOut, Step);
        save();
    }

    private void RequireHealth(string? fault)
    {
        HasDiverged = fault != null;
        if (HasDiverged) throw new VocoderException($"the run has diverged: {fault}; try a lower learning_rate, or clip_norm");
    }

    // One step; false when its batch was skipped.
    private bool Advance(double rate, out StepResult result, out double norm)
    {
        _adam.ClearGradients();
        result = _task.Loss(_ops, Step);
        double loss = _ops.ReadItem(result.Loss!);
        norm = double.NaN;
        // The first steps fall steeply; afterwards a jump means a bad batch (silence, clicks), not news.
        bool usable = double.IsFinite(loss) && !(loss > MeanLoss + _config.LossGuard);
        if (usable)
        {
            _ops.Backward(result.Loss!);
            RebuildError = Math.Max(RebuildError, _ops.RebuildError);
            norm = _adam.GradientNorm();
            usable = double.IsFinite(norm);
        }
        Step++;
        if (usable)
        {
            _adam.Step(rate, norm);
            UpdateAverage();
            MeanLoss = double.IsNaN(MeanLoss) ? loss : LossDecay * MeanLoss + (1 - LossDecay) * loss;
        }
        else
        {
            Skipped++;
            // Were the guard itself wrong, it opens again after some hundred steps.
            MeanLoss += (1 - LossDecay) * _config.LossGuard;
        }
        _ops.Reset();
        if (_task.Adversary is { } adversary) Advance(adversary, rate);
        return usable;
    }

    // The discriminators' step, on the speech that the voice's was made with.
    private void Advance(Adversary adversary, double rate)
    {
        _adversaryAdam!.ClearGradients();
        if (adversary.Loss(_ops) is not { } loss) return;
        _ops.Backward(loss);
        double norm = _adversaryAdam.GradientNorm();
        if (double.IsFinite(norm)) _adversaryAdam.Step(adversary.LearningRate(rate, _config.LearningRate), norm);
        _ops.Reset();
    }

    private void UpdateAverage()
    {
        // A short memory at the beginning, so that the average does not remember the random start.
        float decay = (float)Math.Min(_config.AverageDecay, (1.0 + Updates) / (10.0 + Updates));
        ParameterLoop.Run(_parallelism, _average.Length, _task.Parameters.Count, (_average, _task.Parameters.Items, decay), static (i, in s) =>
            MoveTowards(s._average[i], s.Items[i].Value.Span, 1 - s.decay));
    }

    // average += part·(value - average)
    private static void MoveTowards(Span<float> average, ReadOnlySpan<float> value, float part)
    {
        int i = 0;
        for (; i + Vector<float>.Count <= average.Length; i += Vector<float>.Count)
        {
            var old = new Vector<float>(average[i..]);
            (old + part * (new Vector<float>(value[i..]) - old)).CopyTo(average[i..]);
        }
        for (; i < average.Length; i++) average[i] += part * (value[i] - average[i]);
    }

    private StepResult Validate()
    {
        SwapAverage();
        StepResult result = _task.Validate(_evaluation);
        _evaluation.Reset();
        SwapAverage();
        return result;
    }

    /// <summary>Gives <paramref name="use"/> the averaged and finished weights; those of the training are in place again afterwards.</summary>
    public void WithVoice(Action use)
    {
        SwapAverage();
        float[][] average = [.. _task.Parameters.Items.Select(p => p.Value.Span.ToArray())];
        _task.Finish(_evaluation);
        _evaluation.Reset();
        use();
        for (int i = 0; i < average.Length; i++) average[i].CopyTo(_task.Parameters.Items[i].Value.Span);
        SwapAverage();
    }

    /// <summary>Exchanges the weights with their average; call it twice around an evaluation.</summary>
    public void SwapAverage()
    {
        var items = _task.Parameters.Items;
        for (int i = 0; i < items.Count; i++)
        {
            float[] current = items[i].Value.Span.ToArray();
            _average[i].CopyTo(items[i].Value.Span);
            current.CopyTo(_average[i], 0);
            items[i].Value.MarkChanged();
        }
    }
}
