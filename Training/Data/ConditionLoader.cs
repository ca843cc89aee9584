using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Models;

namespace FlowVocoder.Training.Data;

/// <summary>The conditions of crops as the networks of one model want them.</summary>
internal sealed class ConditionLoader(CompactVocoder model, int frames)
{
    private readonly int _hop = model.Recipe.HopSize, _bands = model.Recipe.Bands;

    /// <summary>Normalised mels with the model's look-ahead, [b, bands, frames + look-ahead], at the gain of each crop.</summary>
    public Tensor Mels(Ops ops, IReadOnlyList<Crop> crops)
    {
        Tensor mel = ops.Rent(crops.Count, _bands, frames + model.LookAheadFrames);
        ops.Parallelism.For(crops.Count, (Loader: this, crops, mel), static (item, in s) => s.Loader.WriteMel(s.crops[item], s.mel, item));
        return mel;
    }

    private void WriteMel(Crop crop, Tensor mel, int item)
    {
        Span<float> column = stackalloc float[_bands], normalized = stackalloc float[_bands];
        for (int i = 0; i < mel.Length; i++)
        {
            crop.CopyMelFrame(i, column);
            if (crop.Gain != 1f)
                for (int b = 0; b < _bands; b++) column[b] = (float)model.Recipe.FromAmplitude(model.Recipe.ToAmplitude(column[b]) * crop.Gain);
            model.NormalizeMel(column, normalized);
            for (int b = 0; b < _bands; b++) mel.Row(item, b)[i] = normalized[b];
        }
    }

    /// <summary>The condition of the flow, [b, conditionChannels, groups], from <paramref name="mels"/> and the phase tracked in the recordings.</summary>
    public Tensor Condition(Ops ops, Tensor mels, IReadOnlyList<Crop> crops) => model.Condition(ops, mels, model.LookAheadFrames, Phase(ops, crops))!;

    private Tensor? Phase(Ops ops, IReadOnlyList<Crop> crops)
    {
        if (model.Phase == null) return null;
        Tensor phase = ops.Rent(crops.Count, model.Phase.Features, frames * (_hop / model.Config.Group));
        ops.Parallelism.For(crops.Count, (Loader: this, crops, phase), static (item, in s) => s.Loader.WritePhase(s.crops[item], s.phase, item));
        return phase;
    }

    private void WritePhase(Crop crop, Tensor phase, int item)
    {
        for (int i = 0; i < frames; i++)
            model.Phase!.Write(crop.Clip.Phase.AsSpan((crop.FirstFrame + i) * _hop, _hop), crop.IsVoiced(i), phase, item, i * (_hop / model.Config.Group));
    }

    /// <summary>Cross-entropy of the pitch predictor in nats per frame; null without one.</summary>
    /// <param name="ops">Operations.</param>
    /// <param name="mels">Those of <see cref="Mels"/>.</param>
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
                if (voiced) PitchPredictor.WriteTarget(crops[item].Clip.F0[crops[item].FirstFrame + i], bins, item, i);
            }
        return (bins, voicing);
    }
}
