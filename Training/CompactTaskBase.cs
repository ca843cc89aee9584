using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Training.Adversarial;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Training;

/// <summary>What learning a <see cref="CompactVocoder"/> from recordings and from a teacher share: crops, conditions, noise and the last touch.</summary>
internal abstract class CompactTaskBase : ITrainingTask
{
    private const int ToneBatches = 12;
    private readonly Philox _noise;
    private readonly SpeechLoader _speech;
    private readonly int _frames;
    private readonly Crop[] _heldOut;
    private readonly MatchedSpeech? _matched;

    /// <exception cref="VocoderException">No recording, or none that is held out, is as long as a crop and not silent.</exception>
    protected CompactTaskBase(CompactVocoder model, SpeechDataset data, TrainingConfig config)
    {
        (Model, Config, _frames) = (model, config, config.CropFrames);
        Crops = new CropSampler(data.Train, _frames, model.Recipe.HopSize, config.Seed, config.QuietestGain, config.LoudestGain);
        _heldOut = CropSampler.Middles(data.Valid, _frames, model.Recipe.HopSize);
        _noise = new Philox(NoiseStreams.TrainingSeed(config.Seed));
        _speech = new SpeechLoader(model, _frames, _noise);
        Conditions = new ConditionLoader(model, _frames);
        Generation = new GenerationLoss(model, config);
        if (config.MatchPasses > 0) _matched = new MatchedSpeech(model.Recipe, config.MatchPasses);
        if (config.Adversarial.Weight > 0) Adversary = new Adversary(config.Adversarial, config.Seed + 1);
    }

    public ParameterSet Parameters => Model.Parameters;

    public double SecondsPerStep => (double)Config.Batch * _frames * Model.Recipe.HopSize / Model.Recipe.SampleRate;

    protected CompactVocoder Model { get; }

    protected TrainingConfig Config { get; }

    protected CropSampler Crops { get; }

    protected ConditionLoader Conditions { get; }

    /// <inheritdoc/>
    public Adversary? Adversary { get; }

    private GenerationLoss Generation { get; }

    public virtual bool IsDistillation => false;

    public abstract void Initialize(Ops ops);

    /// <summary>The loss of a batch, whose normalised mels are at hand, that of the pitch predictor apart.</summary>
    /// <param name="ops">Operations.</param>
    /// <param name="batch">The recordings.</param>
    /// <param name="mels">Their normalised mels.</param>
    /// <param name="step">The step; <see cref="Validation"/> when measuring.</param>
    protected abstract StepResult Loss(Ops ops, SpeechBatch batch, Tensor mels, long step);

    /// <summary>The number of the step, where held-out data is measured.</summary>
    protected const long Validation = long.MaxValue;

    public StepResult Loss(Ops ops, long step)
    {
        StepResult result = Loss(ops, Crops.Draw(step, 0, Config.Batch), step, step);
        if (Config.PitchCrops == 0) return result;
        Crop[] further = Crops.Draw(step, Config.Batch, Config.PitchCrops);
        return Conditions.PitchLoss(ops, Conditions.Mels(ops, further), further) is { } more ? result with { Loss = ops.Add(result.Loss!, more) } : result;
    }

    public StepResult Validate(Ops ops)
    {
        var sum = new StepResult(null, 0, 0, 0);
        // The same stretches every time.
        foreach (Crop[] part in _heldOut.Chunk(Config.Batch))
        {
            sum = sum.Plus(Loss(ops, part, 0, Validation), (double)part.Length / _heldOut.Length);
            ops.Reset();
        }
        return sum;
    }

    /// <summary>
    /// Takes the mean of every channel of the group out of what the flow generates: such a constant is a tone at a multiple of the sample rate
    /// over the group, the hum of grouped flows, and recordings have none.
    /// </summary>
    public void Finish(Ops ops)
    {
        if (Model.Stack.GeneratesStepByStep) return;
        var sums = new double[Model.Config.Group];
        long count = 0;
        for (int i = 0; i < ToneBatches; i++)
        {
            // Batches that training never sees, the same every time.
            long step = -2 - i;
            Generator generator = Speaker(ops, Crops.Draw(step, 0, Config.Batch), step);
            Tensor generated = ops.Here(ops.Fold(Generate(ops, generator.Condition, step, 0), sums.Length));
            for (int row = 0; row < generated.Batch * sums.Length; row++)
                foreach (float value in generated.Row(0, row)) sums[row % sums.Length] += value;
            count += generated.Batch * generated.Length;
            ops.Reset();
        }
        Model.Stack.Outermost?.Lower([.. sums.Select(sum => sum / count)]);
    }

    /// <summary>Recordings of a step.</summary>
    protected SpeechBatch Load(Ops ops, IReadOnlyList<Crop> crops, long noiseStep) => _speech.Load(ops, crops, noiseStep);

    /// <summary>Linear prediction of crops, as it scores them.</summary>
    protected Prediction Predict(Ops ops, IReadOnlyList<Crop> crops) => _speech.Predict(ops, crops);

    /// <summary>
    /// What speaks crops of a step, as it does when training is over: from smoothed mels where the configuration asks for it, and from the F0 that is heard in
    /// them.
    /// </summary>
    protected Generator Speaker(Ops ops, IReadOnlyList<Crop> crops, long step)
    {
        Crop[] seen = [.. crops.Select((crop, item) => crop with { Blur = Blur(step, item) })];
        Tensor mels = Conditions.Mels(ops, seen);
        double[] start = [.. seen.Select((_, item) => 2 * Math.PI * _noise.Uniform(NoiseStreams.TrainingPhase(item), 0, step))];
        FlowCondition condition = Config.PredictedPhase ? Conditions.SpokenCondition(ops, mels, seen, start) : Conditions.Condition(ops, mels, seen);
        return new Generator(condition, _speech.Predict(ops, seen), seen);
    }

    /// <summary>A condition and the outermost flow of the speech that it stands for, with the crops as they were seen.</summary>
    protected sealed record Generator(FlowCondition Condition, Prediction Prediction, IReadOnlyList<Crop> Seen);

    /// <summary>A number of 0 to 1 that belongs to a step.</summary>
    protected double Chance(uint stream, long step) => _noise.Uniform(stream, 0, step);

    // Half of those that are smoothed are smoothed little.
    private MelBlur Blur(long step, int item)
    {
        double chance = _noise.Uniform(NoiseStreams.Blur(item), 0, step);
        return step == Validation || chance >= Config.BlurredCrops ? MelBlur.None : chance < 0.5 * Config.BlurredCrops ? new MelBlur(0.7f, 0.7f)
            : new MelBlur(1.2f, 1.5f);
    }

    /// <summary>Speaks the crops of a step with the noise of one take.</summary>
    protected Spoken Speak(Ops ops, Generator generator, long step, uint take)
    {
        Tensor excitation = Generate(ops, generator.Condition, step, take);
        return new Spoken(excitation, generator.Prediction.Speak(ops, excitation));
    }

    /// <summary>Whether a step has losses of generated speech.</summary>
    protected bool Generates(long step) => Generation.IsOn(step) || Adversary?.IsOn(step) == true;

    /// <summary>The losses of generated speech, all samples of the crops.</summary>
    /// <param name="ops">Operations.</param>
    /// <param name="batch">The recordings.</param>
    /// <param name="generator">What spoke.</param>
    /// <param name="spoken">What it said with the noise of take 0.</param>
    /// <param name="step">The step.</param>
    /// <param name="melLoss">The log-mel distance to the recordings, to be told.</param>
    protected Tensor SpeechLoss(Ops ops, SpeechBatch batch, Generator generator, Spoken spoken, long step, out double melLoss)
    {
        int first = 0;
        Spoken Matched(Spoken take) => _matched == null ? take : take with { Speech = _matched.Apply(ops, take.Speech, generator.Seen, out first) };
        spoken = Matched(spoken);
        SpeechBatch compared = first == 0 ? batch : batch with { Speech = ops.Crop(batch.Speech, first, spoken.Speech.Length), First = first };
        Tensor? loss = Generation.Apply(ops, compared, spoken, () => Matched(Speak(ops, generator, step, 1)), out melLoss);
        if (step != Validation && Adversary?.IsOn(step) == true && Adversary.VoiceLoss(ops, spoken.Speech, compared.Speech, step) is { } more)
            loss = loss == null ? more : ops.Add(loss, more);
        return loss ?? new Tensor(1, 1, 1);
    }

    /// <summary>Noise for a generation of a step; takes are independent.</summary>
    protected IReadOnlyList<Tensor> DrawLatents(Ops ops, FlowCondition condition, long step, uint take) =>
        Model.Stack.DrawLatents(
            ops, condition.Batch, condition.Length, _noise, NoiseStreams.TrainingLatents(take), (step & 0xFFFFFFFF) * condition.Length, 1f);

    // Excitation [b, 1, samples].
    private Tensor Generate(Ops ops, FlowCondition condition, long step, uint take) =>
        ops.Unfold(Model.Stack.Inverse(ops, DrawLatents(ops, condition, step, take), condition), Model.Config.Group);

    private StepResult Loss(Ops ops, IReadOnlyList<Crop> crops, long noiseStep, long step)
    {
        SpeechBatch batch = Load(ops, crops, noiseStep);
        Tensor mels = Conditions.Mels(ops, crops);
        StepResult result = Loss(ops, batch, mels, step);
        return Conditions.PitchLoss(ops, mels, crops) is { } pitch
            ? result with { Loss = ops.Add(result.Loss!, pitch), PitchLoss = ops.ReadItem(pitch) } : result;
    }
}
