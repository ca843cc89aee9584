using FlowVocoder.Features;

namespace FlowVocoder.Streaming;

/// <summary>How long after a mel frame its samples come, apart from the time of computing: what the layers of a model look ahead.</summary>
/// <param name="Frames">Frames that must follow a frame before its samples come out.</param>
/// <param name="Recipe">The recipe of the mels.</param>
public sealed record StreamLatency(int Frames, MelRecipe Recipe)
{
    /// <summary>The same in samples.</summary>
    public long Samples => (long)Frames * Recipe.HopSize;

    /// <summary>The same in milliseconds.</summary>
    public double Milliseconds => 1000.0 * Samples / Recipe.SampleRate;

    /// <summary>
    /// Samples after the centre of a frame that its mel is made of: half of the window. It is no part of <see cref="Samples"/>, but adds to it
    /// where mels are made of live audio.
    /// </summary>
    public int MelHalfWindowSamples => Recipe.WindowSize / 2;

    /// <summary>The same in milliseconds.</summary>
    public double MelHalfWindowMilliseconds => 1000.0 * MelHalfWindowSamples / Recipe.SampleRate;
}
