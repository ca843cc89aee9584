using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Matching;

namespace FlowVocoder.Onnx;

/// <summary>
/// Mel matching of a whole signal as nodes: passes of <see cref="MelMatching"/> over the frames of <see cref="MatchingFrames"/>, mirrored at both ends.
/// </summary>
internal static class MatchingGraph
{
    /// <summary>Speech [b, 1, n·hop] made to obey its mel [b, bands, n]. Four frames are the least, for what is mirrored.</summary>
    public static Value Match(OnnxOps ops, Value speech, Value mel, MelMatching matching, MelRecipe recipe, int frames, int passes)
    {
        var (hop, size, first) = (recipe.HopSize, matching.Framing.Size, -matching.Framing.First);
        // The frames behind the signal that begin in it.
        int behind = 0;
        while (matching.Framing.Start(frames + behind) < (long)frames * hop) behind++;
        long front = -matching.Framing.Start(-first), back = matching.Framing.Start(frames + behind - 1) + size - (long)frames * hop;
        Tensor targets = OnnxOps.TensorOf(Targets(mel, matching, recipe, first, behind), 1, recipe.Bands, frames + first + behind);
        int length = (int)(front + (long)frames * hop + back);
        for (int i = 0; i < passes; i++)
        {
            Value mirrored = speech.Graph.Node("Pad", [speech, speech.Graph.Numbers(0, 0, front, 0, 0, back)], ("mode", "reflect"));
            Tensor matched = matching.Pass(ops, OnnxOps.TensorOf(mirrored, 1, 1, length), targets);
            speech = ops.ValueOf(matched).Slice(2, front, -back);
        }
        return speech;
    }

    /// <summary>Logarithms of the amplitudes of a mel, <see cref="MelMatching.Target"/>.</summary>
    public static Value Amplitudes(Value mel, MelRecipe recipe)
    {
        // The logarithm of an amplitude is affine in the value of the mel, down to the floor.
        double slope = Math.Log(recipe.ToAmplitude(1) / recipe.ToAmplitude(0)), offset = Math.Log(recipe.ToAmplitude(0));
        return (mel * (float)slope + (float)offset).Max(mel.Graph.Scalar((float)Math.Log(recipe.Floor)));
    }

    private static Value Targets(Value mel, MelMatching matching, MelRecipe recipe, int first, int behind)
    {
        Value targets = Amplitudes(mel, recipe);
        // Which frames mirror which, read off a long mel.
        const int Long = 1000;
        long[] before = [.. Enumerable.Range(-first, first).Select(frame => matching.Framing.Mirrored(frame, Long))];
        long[] after = [.. Enumerable.Range(Long, behind).Select(frame => matching.Framing.Mirrored(frame, Long) - Long)];
        return targets.Gather(mel.Graph.Numbers(before), 2).Then(2, targets, targets.Gather(mel.Graph.Numbers(after), 2));
    }
}
