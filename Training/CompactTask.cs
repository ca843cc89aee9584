using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Training;

/// <summary>
/// Maximum likelihood of a <see cref="CompactVocoder"/>, with losses of what it generates beside it where the configuration asks for them.
/// </summary>
internal class CompactTask : CompactTaskBase
{
    public CompactTask(CompactVocoder model, SpeechDataset data, TrainingConfig config) : base(model, data, config)
    {
        Check(model);
        model.Stack.Reversible = config.Reversible;
    }

    /// <summary>Whether a model can learn from recordings alone.</summary>
    /// <exception cref="VocoderException">It cannot; the line says why.</exception>
    public static void Check(CompactVocoder model) => JsonConfig.Check(!model.Stack.ScoresStepByStep, "model.flow", "iaf",
        "maf or coupling: an inverse autoregressive flow scores step by step and learns from a teacher alone, see vocoder distill");

    public override void Initialize(Ops ops)
    {
        // The data-dependent initialisation of ActNorm sees one batch, drawn at a step that training never reaches.
        Crop[] crops = Crops.Draw(-1, 0, Config.Batch);
        SpeechBatch batch = Load(ops, crops, -1);
        Model.Stack.Initialize(ops, ops.Fold(Predict(ops, crops).Analyze(ops, batch.Speech), Model.Config.Group),
            Conditions.Condition(ops, Conditions.Mels(ops, crops), crops));
        ops.Reset();
    }

    protected override StepResult Loss(Ops ops, SpeechBatch batch, Tensor mels, long step)
    {
        Prediction prediction = Predict(ops, batch.Crops);
        FlowCondition condition = Conditions.Condition(ops, mels, batch.Crops);
        FlowResult scored = Model.Stack.Forward(ops, ops.Fold(prediction.Analyze(ops, batch.Speech), Model.Config.Group), condition);
        Tensor logP = MonteCarloKl.LogDensity(ops, scored, batch.Speech.Size);
        double nats = ops.ReadItem(logP) - CompactVocoder.HalfLog2Pi + prediction.LogDet, melLoss = 0;
        Tensor loss = ops.Scale(logP, -1f);
        if (Generates(step))
        {
            Generator generator = Speaker(ops, batch.Crops, step);
            loss = ops.Add(loss, SpeechLoss(ops, batch, generator, Speak(ops, generator, step, 0), step, out melLoss));
        }
        return new StepResult(loss, nats, 0, melLoss);
    }
}
