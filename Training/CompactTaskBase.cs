using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Training;

/// <summary>What learning a <see cref="CompactVocoder"/> from recordings and from a teacher share: crops, conditions, noise and the last touch.</summary>
internal abstract class CompactTaskBase : ITrainingTask
{
    private const int ToneBatches = 12;
    private readonly Philox _noise;
    private readonly ExcitationLoader _excitation;
    private readonly int _frames;
    private readonly Crop[] _heldOut;

    /// <exception cref="VocoderException">No recording, or none that is held out, is as long as a crop and not silent.</exception>
    protected CompactTaskBase(CompactVocoder model, SpeechDataset data, TrainingConfig config)
    {
        (Model, Config, _frames) = (model, config, config.CropFrames);
        Crops = new CropSampler(data.Train, _frames, model.Recipe.HopSize, config.Seed, config.QuietestGain, config.LoudestGain);
        _heldOut = CropSampler.Middles(data.Valid, _frames, model.Recipe.HopSize);
        _noise = new Philox(config.Seed ^ 0x9E3779B97F4A7C15UL);
        _excitation = new ExcitationLoader(model, _frames, _noise);
        Conditions = new ConditionLoader(model, _frames);
        Generation = new GenerationLoss(model, config);
    }

    public ParameterSet Parameters => Model.Parameters;

    public double SecondsPerStep => (double)Config.Batch * _frames * Model.Recipe.HopSize / Model.Recipe.SampleRate;

    protected CompactVocoder Model { get; }

    protected TrainingConfig Config { get; }

    protected CropSampler Crops { get; }

    protected ConditionLoader Conditions { get; }

    protected GenerationLoss Generation { get; }

    public abstract void Initialize(Ops ops);

    /// <summary>The loss of a batch under its condition, that of the pitch predictor apart.</summary>
    protected abstract StepResult Loss(Ops ops, ExcitationBatch batch, Tensor condition, long step);

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
            sum = sum.Plus(Loss(ops, part, 0, long.MaxValue), (double)part.Length / _heldOut.Length);
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
            var (_, _, condition) = Load(ops, Crops.Draw(step, 0, Config.Batch), step);
            Tensor generated = ops.Fold(Generate(ops, condition, step, 0), sums.Length);
            for (int row = 0; row < generated.Batch * sums.Length; row++)
                foreach (float value in generated.Row(0, row)) sums[row % sums.Length] += value;
            count += generated.Batch * generated.Length;
            ops.Reset();
        }
        Model.Stack.Outermost?.Lower([.. sums.Select(sum => sum / count)]);
    }

    /// <summary>Crops as the model sees them.</summary>
    protected (ExcitationBatch Batch, Tensor Mels, Tensor Condition) Load(Ops ops, IReadOnlyList<Crop> crops, long noiseStep)
    {
        ExcitationBatch batch = _excitation.Load(ops, crops, noiseStep);
        Tensor mels = Conditions.Mels(ops, crops);
        return (batch, mels, Conditions.Condition(ops, mels, crops));
    }

    /// <summary>Noise for a generation of a step; take 0 and take 1 are independent.</summary>
    protected IReadOnlyList<Tensor> DrawLatents(Ops ops, Tensor condition, long step, uint take) =>
        Model.Stack.DrawLatents(ops, condition.Batch, condition.Length, _noise, 2 + (take << 16), (step & 0xFFFFFFFF) * condition.Length, 1f);

    /// <summary>Generates excitation [b, 1, samples].</summary>
    protected Tensor Generate(Ops ops, Tensor condition, long step, uint take) =>
        ops.Unfold(Model.Stack.Inverse(ops, DrawLatents(ops, condition, step, take), condition), Model.Config.Group);

    private StepResult Loss(Ops ops, IReadOnlyList<Crop> crops, long noiseStep, long step)
    {
        var (batch, mels, condition) = Load(ops, crops, noiseStep);
        StepResult result = Loss(ops, batch, condition, step);
        return Conditions.PitchLoss(ops, mels, crops) is { } pitch ? result with { Loss = ops.Add(result.Loss!, pitch), PitchLoss = pitch.Item } : result;
    }
}
