using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;

namespace FlowVocoder.Training.Data;

/// <summary>The conditions of crops as the networks of one model want them.</summary>
internal sealed class ConditionLoader(CompactVocoder model, int frames)
{
    private readonly int _hop = model.Recipe.HopSize, _bands = model.Recipe.Bands;

    /// <summary>Normalised mels with the model's look-ahead, [b, bands, frames + look-ahead], at the gain of each crop.</summary>
    public Tensor Mels(Ops ops, IReadOnlyList<Crop> crops) => Mels(ops, crops, 0, frames + model.LookAheadFrames);

    private Tensor Mels(Ops ops, IReadOnlyList<Crop> crops, int first, int count)
    {
        Tensor mel = ops.Rent(crops.Count, _bands, count);
        ops.Parallelism.For(crops.Count, (Loader: this, crops, mel, first), static (item, in s) => s.Loader.WriteMel(s.crops[item], s.first, s.mel, item));
        return mel;
    }

    private void WriteMel(Crop crop, int first, Tensor mel, int item)
    {
        float[] values = CropReader.Mel(crop, model.Recipe, first, mel.Length);
        model.NormalizeMel(values, values);
        for (int i = 0; i < mel.Length; i++)
            for (int b = 0; b < _bands; b++) mel.Row(item, b)[i] = values[i * _bands + b];
    }

    /// <summary>The condition of the flow, from <paramref name="mels"/> and the phase tracked in the recordings.</summary>
    public FlowCondition Condition(Ops ops, Tensor mels, IReadOnlyList<Crop> crops)
    {
        if (model.Phase == null) return model.Condition(ops, mels, model.LookAheadFrames, null)!.Value;
        PhaseFeatures features = model.Phase.Rent(ops, crops.Count, frames * (_hop / Group));
        ops.Parallelism.For(crops.Count, (Loader: this, crops, features, frames), static (item, in s) =>
        {
            var (crop, hop) = (s.crops[item], s.Loader._hop);
            for (int i = 0; i < s.frames; i++) s.Loader.Write(crop.Clip.Phase.AsSpan((crop.FirstFrame + i) * hop, hop), crop.HzOf(i), s.features, item, i);
        });
        return model.Condition(ops, mels, model.LookAheadFrames, features)!.Value;
    }

    /// <summary>
    /// The condition as it is when speaking: F0 and voicing are what the predictor hears in the mel, and the phase is the integral of that F0 from
    /// <paramref name="start"/> radians on, one for each crop.
    /// </summary>
    public FlowCondition SpokenCondition(Ops ops, Tensor mels, IReadOnlyList<Crop> crops, ReadOnlySpan<double> start)
    {
        if (model.Pitch == null) return Condition(ops, mels, crops);
        // The predictor has heard what came before, too.
        int before = model.Pitch.Past;
        var (bins, voicing) = model.Pitch.Apply(ops, Mels(ops, crops, -before, before + frames + PitchPredictor.LookAhead + 1));
        (bins, voicing) = (ops.Here(bins), ops.Here(voicing));
        PhaseFeatures features = model.Phase!.Rent(ops, crops.Count, frames * (_hop / Group));
        var accumulator = new PhaseAccumulator(model.Recipe);
        Span<float> f0 = stackalloc float[2], phase = ops.Rent(1, 1, _hop).Span;
        for (int item = 0; item < crops.Count; item++)
        {
            accumulator.Reset(start[item]);
            for (int i = 0; i < frames; i++)
            {
                for (int k = 0; k < 2; k++) f0[k] = PitchPredictor.Decode(bins, voicing, item, before + i + k + PitchPredictor.LookAhead);
                accumulator.Advance(f0, phase);
                Write(phase, f0[0], features, item, i);
            }
        }
        return model.Condition(ops, mels, model.LookAheadFrames, features)!.Value;
    }

    private int Group => model.Config.Group;

    private void Write(ReadOnlySpan<float> phase, float hz, PhaseFeatures features, int item, int frame) =>
        model.Phase!.Write(phase, hz, features, item, frame * (_hop / Group));

    /// <summary>Cross-entropy of the pitch predictor in nats per frame; null without one.</summary>
    /// <param name="ops">Operations.</param>
    /// <param name="mels">Those of <see cref="Mels(Ops, IReadOnlyList{Crop})"/>.</param>
    /// <param name="crops">Their crops.</param>
    public Tensor? PitchLoss(Ops ops, Tensor mels, IReadOnlyList<Crop> crops)
    {
        if (model.Pitch == null) return null;
        // Only as much look-ahead as the predictor may use: the last frames of the mel belong to the encoder.
        var (bins, voicing) = model.Pitch.Apply(ops, mels);
        var (targetBins, targetVoicing) = PitchTarget(ops, crops);
        int first = PitchPredictor.LookAhead;
        Tensor binLoss = ops.Sum(ops.Multiply(ops.Crop(bins, first, frames), targetBins));
        Tensor voicingLoss = ops.Sum(ops.Multiply(ops.Crop(voicing, first, frames), targetVoicing));
        return ops.Scale(ops.Add(binLoss, voicingLoss), -1f / (mels.Batch * frames));
    }

    // What the predictor should say: [b, 96, frames] weights of the bins and [b, 2, frames] of unvoiced and voiced.
    private (Tensor Bins, Tensor Voicing) PitchTarget(Ops ops, IReadOnlyList<Crop> crops)
    {
        Tensor bins = ops.Rent(crops.Count, PitchPredictor.Bins, frames), voicing = ops.Rent(crops.Count, 2, frames);
        bins.Span.Clear();
        for (int item = 0; item < crops.Count; item++)
            for (int i = 0; i < frames; i++)
            {
                bool voiced = crops[item].IsVoiced(i);
                voicing.Row(item, 0)[i] = voiced ? 0f : 1f;
                voicing.Row(item, 1)[i] = voiced ? 1f : 0f;
                if (voiced) PitchPredictor.WriteTarget(crops[item].HzOf(i), bins, item, i);
            }
        return (bins, voicing);
    }
}
