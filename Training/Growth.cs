using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;

namespace FlowVocoder.Training;

/// <summary>
/// Weights of a smaller voice for a larger one that speaks the same at first and has room to learn more (Chen, Goodfellow and Shlens 2016, Net2Net: widening).
/// Encoders and condition may be wider and bands of harmonics finer; the flows stay as they are.
/// </summary>
internal static class Growth
{
    /// <summary>Whether a voice of the one configuration can begin as one of the other.</summary>
    public static bool Fits(CompactConfig large, CompactConfig small)
    {
        bool isWider = large.EncoderChannels >= small.EncoderChannels && large.ConditionChannels >= small.ConditionChannels
            && large.PitchChannels >= small.PitchChannels;
        CompactConfig asSmall = large with
        {
            EncoderChannels = small.EncoderChannels, ConditionChannels = small.ConditionChannels, PitchChannels = small.PitchChannels,
            HarmonicBands = small.HarmonicBands,
        };
        return isWider && small.HarmonicBands.All(large.HarmonicBands.Contains) && large.Flow != FlowKind.Continuous
            && asSmall.ToJson() == small.ToJson();
    }

    /// <summary>
    /// Takes over the weights. What is wider gives what it gave: new inputs of an old channel weigh nothing, and only new channels keep the values that they
    /// were made with. A band's harmonics are as strong as those of the band that it is a part of; above the last of these there are none.
    /// </summary>
    public static void Take(CompactVocoder large, CompactVocoder small)
    {
        var weights = small.Parameters.Items.ToDictionary(p => p.Name);
        foreach (Parameter own in large.Parameters.Items)
        {
            if (!weights.TryGetValue(own.Name, out Parameter? source)) continue;
            if (own.Name.StartsWith("harmonics.", StringComparison.Ordinal))
                Spread(source.Value, small.Config.HarmonicBands, own.Value, large.Config.HarmonicBands);
            else Widen(source.Value, own.Value);
            own.Value.MarkChanged();
        }
    }

    // [outputs, inputs, taps], or a vector over channels, which has one output.
    private static void Widen(Tensor source, Tensor target)
    {
        for (int o = 0; o < source.Batch; o++)
            for (int i = 0; i < target.Channels; i++)
            {
                if (i < source.Channels) source.Row(o, i).CopyTo(target.Row(o, i));
                else target.Row(o, i).Clear();
            }
    }

    // Two outputs a band, its cosines and its sines: the weights [outputs, inputs, 1] or the biases [1, outputs, 1], which have a number each.
    private static void Spread(Tensor source, float[] edges, Tensor target, float[] finer)
    {
        target.Span.Clear();
        int size = source.Size / (2 * edges.Length), room = target.Size / (2 * finer.Length);
        for (int band = 0; band < finer.Length; band++)
        {
            int of = Array.FindIndex(edges, edge => edge >= finer[band]);
            for (int part = 0; part < 2 && of >= 0; part++)
                source.Span.Slice((2 * of + part) * size, size).CopyTo(target.Span[((2 * band + part) * room)..]);
        }
    }
}
