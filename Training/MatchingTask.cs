using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Training.Data;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Training;

/// <summary>
/// Flow matching of a <see cref="CompactVocoder"/> with a continuous flow: from any point between excitation and noise it is to tell the excitation, and what
/// it tells wrongly is weighed by the energy that the excitation has there. Losses of what it speaks, through the steps of its solver, come beside it where the
/// configuration asks for them.
/// </summary>
internal sealed class MatchingTask(CompactVocoder model, SpeechDataset data, TrainingConfig config) : CompactTask(model, data, config)
{
    private readonly WeightedEnergy _energy = new(model.Recipe);

    protected override StepResult Loss(Ops ops, SpeechBatch batch, Tensor mels, long step)
    {
        Tensor excitation = Predict(ops, batch.Crops).Analyze(ops, batch.Speech);
        FlowCondition condition = Conditions.Condition(ops, mels, batch.Crops);
        Tensor x = Model.Stack.BeforeContinuous(ops, ops.Fold(excitation, Model.Config.Group), condition), z = DrawLatents(ops, condition, step, 2)[0];
        Tensor error = FlowMatching.DataError(ops, Model.Stack.Continuous!, x, z, condition.Features, Times(ops, x, step));
        Tensor matching = _energy.Apply(ops, ops.Unfold(error, Model.Config.Group), excitation), loss = matching;
        double melLoss = 0;
        if (Generates(step))
        {
            Generator generator = Speaker(ops, batch.Crops, step);
            loss = ops.Add(loss, SpeechLoss(ops, batch, generator, Speak(ops, generator, step, 0), step, out melLoss));
        }
        return new StepResult(loss, double.NaN, 0, melLoss) { Matching = ops.ReadItem(matching) };
    }

    // One for each item, one in each part of 0 to 1.
    private Tensor Times(Ops ops, Tensor x, long step)
    {
        Tensor times = ops.Rent(x.Batch, 1, x.Length);
        for (int b = 0; b < x.Batch; b++) times.Row(b, 0).Fill((float)((b + Chance(NoiseStreams.Times, step)) / x.Batch));
        return times;
    }
}
