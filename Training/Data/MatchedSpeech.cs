using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Matching;

namespace FlowVocoder.Training.Data;

/// <summary>Mel matching of crops, as the last layer of what is trained. Of a crop only the frames inside are whole, so each pass makes it shorter.</summary>
internal sealed class MatchedSpeech(MelRecipe recipe, int passes)
{
    private readonly MelMatching _matching = new(recipe);

    /// <summary>Matches speech [b, 1, samples] to the mels of crops.</summary>
    /// <param name="ops">Operations.</param>
    /// <param name="speech">All samples of the crops.</param>
    /// <param name="crops">What was spoken.</param>
    /// <param name="first">The first sample of the crop that is left.</param>
    /// <returns>[b, 1, fewer samples].</returns>
    public Tensor Apply(Ops ops, Tensor speech, IReadOnlyList<Crop> crops, out int first)
    {
        MatchingFrames framing = _matching.Framing;
        first = 0;
        for (int pass = 0; pass < passes; pass++)
        {
            int frame = (int)((first + framing.Hop - 1 - framing.Start(0)) / framing.Hop), start = (int)framing.Start(frame);
            int frames = (speech.Length - (start - first) - framing.Size) / framing.Hop + 1, overlap = framing.Size - framing.Hop;
            Tensor inside = ops.Crop(speech, start - first, (frames - 1) * framing.Hop + framing.Size);
            Tensor matched = _matching.Pass(ops, inside, Targets(ops, crops, frame, frames));
            speech = ops.Crop(matched, overlap, matched.Length - 2 * overlap);
            first = start + overlap;
        }
        return speech;
    }

    private Tensor Targets(Ops ops, IReadOnlyList<Crop> crops, int first, int count)
    {
        Tensor targets = ops.Rent(crops.Count, recipe.Bands, count);
        for (int item = 0; item < crops.Count; item++)
        {
            float[] mel = crops[item].Mel(first, count);
            for (int i = 0; i < count; i++)
                for (int b = 0; b < recipe.Bands; b++) targets.Row(item, b)[i] = _matching.Target(mel[i * recipe.Bands + b]);
        }
        return targets;
    }
}
