using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Training.Data;

/// <summary>A recording with everything that training takes from it, computed once.</summary>
public sealed class SpeechClip
{
    /// <summary>Analyses a recording.</summary>
    /// <param name="name">For messages and tables.</param>
    /// <param name="audio">Samples at the recipe's rate; cut to whole hops.</param>
    /// <param name="recipe">Recipe of the mel.</param>
    /// <param name="pitch">Whether pitch and phase are wanted.</param>
    /// <param name="parallelism">Threads; one per processor by default.</param>
    public SpeechClip(string name, float[] audio, MelRecipe recipe, bool pitch, Parallelism? parallelism = null)
    {
        Name = name;
        Mel = new MelSpectrogram(recipe).Compute(audio, parallelism);
        // Whole hops only: sample hop·i + j belongs to frame i in every recipe.
        Frames = Math.Min(audio.Length / recipe.HopSize, Mel.Length / recipe.Bands);
        MelFrames = Mel.Length / recipe.Bands;
        Audio = audio.AsSpan(0, Frames * recipe.HopSize).ToArray();
        if (!pitch) return;
        F0 = new PitchTracker(recipe).Track(audio, MelFrames).F0;
        Phase = new PhaseTracker(recipe).Phase(audio, F0);
    }

    /// <summary>File name.</summary>
    public string Name { get; }

    /// <summary>[frames · hop] samples.</summary>
    public float[] Audio { get; }

    /// <summary>[bands, mel frames] in the recipe's logarithm.</summary>
    public float[] Mel { get; }

    /// <summary>Whole hops of audio.</summary>
    public int Frames { get; }

    /// <summary>Frames of the mel; a centred recipe has one more than whole hops.</summary>
    public int MelFrames { get; }

    /// <summary>[mel frames] in Hz, 0 where unvoiced; empty when not asked for.</summary>
    public float[] F0 { get; } = [];

    /// <summary>[samples] phase of the fundamental in radians; empty when not asked for.</summary>
    public float[] Phase { get; } = [];
}
