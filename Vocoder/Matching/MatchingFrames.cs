using FlowVocoder.Features;

namespace FlowVocoder.Matching;

/// <summary>
/// Where the frames of a recipe lie on a signal that is mirrored at both ends, and its mel with it, so that every sample is covered by as many frames as
/// any other. Frame i of the mel covers the samples from hop·i - padding on.
/// </summary>
internal sealed class MatchingFrames(MelRecipe recipe)
{
    private readonly bool _isHopCentred = recipe.Centering == MelCentering.HopCentered;

    /// <summary>Samples of a frame.</summary>
    public int Size => recipe.FftSize;

    /// <summary>Samples from one frame to the next.</summary>
    public int Hop => recipe.HopSize;

    private int Padding => (_isHopCentred ? recipe.FftSize - recipe.HopSize : recipe.FftSize) / 2;

    /// <summary>The first sample of a frame; negative before the signal.</summary>
    public long Start(long frame) => frame * Hop - Padding;

    /// <summary>The first frame that reaches into the signal, 0 or negative.</summary>
    public int First => -(int)((Size - Padding - 1) / Hop);

    /// <summary>The mel frame that a frame is to have; those beyond the ends are mirror images.</summary>
    /// <param name="frame">The frame.</param>
    /// <param name="frames">Frames of the mel, as far as they are known: all of them once the signal has ended.</param>
    public long Mirrored(long frame, long frames)
    {
        int shift = _isHopCentred ? 1 : 0;
        if (frame < 0) frame = -frame - shift;
        if (frame >= frames) frame = 2 * frames - frame - shift;
        return Math.Clamp(frame, 0, Math.Max(0, frames - 1));
    }

    /// <summary>Whole hops of input that must follow a hop of output after so many passes.</summary>
    public int LookAhead(int passes)
    {
        // Far from the start, so that divisions round alike.
        long hops = 1000 + Size, wanted = hops * Hop;
        for (int i = 0; i < passes; i++) wanted = Start((wanted - 1 + Padding) / Hop) + Size;
        return (int)((wanted + Hop - 1) / Hop - hops);
    }
}
