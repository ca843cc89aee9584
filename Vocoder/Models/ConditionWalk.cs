using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

/// <summary>The condition of a flow along a signal whose mel and phase are known, some frames at a time.</summary>
/// <param name="model">The model.</param>
/// <param name="ops">Operations with a state, which carries the encoders from one call to the next.</param>
/// <param name="mel">[bands, frames], as recipes give it.</param>
/// <param name="phase">Of each sample in radians; empty without a phase condition.</param>
/// <param name="f0">Of each frame in Hz; empty without a phase condition.</param>
internal sealed class ConditionWalk(CompactVocoder model, Ops ops, ReadOnlyMemory<float> mel, ReadOnlyMemory<float> phase, ReadOnlyMemory<float> f0)
{
    private int _taken, _frame;

    /// <summary>The condition of the next <paramref name="frames"/> frames; valid until the operations are reset.</summary>
    public FlowCondition Next(int frames)
    {
        // The first call brings in the look-ahead, too.
        int skip = _taken == 0 ? model.LookAheadFrames : 0;
        Tensor next = Mel(frames + skip);
        FlowCondition condition = model.Condition(ops, next, skip, Phase(frames))!.Value;
        _frame += frames;
        return condition;
    }

    private Tensor Mel(int count)
    {
        int bands = model.Recipe.Bands;
        var columns = new float[count * bands];
        MelColumns.Copy(mel.Span, bands, _taken, columns);
        model.NormalizeMel(columns, columns);
        Tensor result = ops.Rent(1, bands, count);
        for (int b = 0; b < bands; b++)
        {
            Span<float> row = result.Row(0, b);
            for (int i = 0; i < count; i++) row[i] = columns[i * bands + b];
        }
        _taken += count;
        return result;
    }

    private PhaseFeatures? Phase(int frames)
    {
        if (model.Phase is not { } encoder) return null;
        int hop = model.Recipe.HopSize, steps = hop / model.Config.Group;
        PhaseFeatures features = encoder.Rent(ops, 1, frames * steps);
        for (int i = 0; i < frames; i++) encoder.Write(phase.Span.Slice((_frame + i) * hop, hop), f0.Span[_frame + i], features, 0, i * steps);
        return features;
    }
}
