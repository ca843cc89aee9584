using FlowVocoder.Features;

namespace FlowVocoder.Models;

/// <summary>A recording in the latent space of a voice: noise, and the condition under which the voice makes this recording of it and no other.</summary>
public sealed record LatentSpeech
{
    /// <summary>
    /// z, [group, steps] row-major: what leaves the flow early comes first. A column is a step of <c>group</c> samples in time. Under the voice that encoded
    /// it, normal speech is close to independent N(0, 1).
    /// </summary>
    public required float[] Z { get; init; }

    /// <summary>Rows of <see cref="Z"/>: samples that the voice moves as one step.</summary>
    public required int Group { get; init; }

    /// <summary>The mel, [bands, frames] in the logarithm of the voice's recipe; at least one frame for each hop of samples.</summary>
    public required float[] Mel { get; init; }

    /// <summary>Phase of the fundamental in radians for each sample; empty for a voice that is told none.</summary>
    public float[] Phase { get; init; } = [];

    /// <summary>F0 in Hz for each hop of samples, 0 where it is unvoiced; empty for a voice that is told no phase.</summary>
    public float[] F0 { get; init; } = [];

    /// <summary>Which voice encoded it: the first eight bytes of a hash of its weights, 0 to 255 each; empty where nobody said.</summary>
    public float[] Voice { get; init; } = [];

    /// <summary>Columns of <see cref="Z"/>.</summary>
    public int Steps => Z.Length / Group;

    /// <summary>Samples that it stands for.</summary>
    public int Samples => Z.Length;

    /// <summary>Checks that the parts fit each other and a model.</summary>
    /// <param name="recipe">The recipe of the model.</param>
    /// <param name="group">Samples that it moves as one step.</param>
    /// <param name="hasPhase">Whether it is told the phase.</param>
    /// <exception cref="VocoderException">They do not; the message names the part, what was found and what was expected.</exception>
    public void Validate(MelRecipe recipe, int group, bool hasPhase)
    {
        Check(Group == group, "z", $"{Group} rows", $"{group}, the samples that this voice moves as one step");
        Check(Z.Length > 0 && Z.Length % group == 0, "z", $"{Z.Length} values", $"a positive multiple of {group}");
        int hops = Samples / recipe.HopSize, frames = Mel.Length / recipe.Bands;
        Check(Mel.Length % recipe.Bands == 0 && frames > 0 && frames >= hops, "mel", $"{Mel.Length} values",
            $"at least {Math.Max(1, hops)} frames of {recipe.Bands} bands");
        if (hasPhase)
        {
            Check(Samples % recipe.HopSize == 0, "z", $"{Steps} columns", $"a whole number of frames of {recipe.HopSize / group}");
            Check(Phase.Length == Samples, "phase", $"{Phase.Length} values", $"{Samples}, one for each sample");
            Check(F0.Length == hops, "f0", $"{F0.Length} values", $"{hops}, one for each frame");
        }
        foreach (var (name, values) in (ReadOnlySpan<(string, float[])>)[("z", Z), ("mel", Mel), ("phase", Phase), ("f0", F0)])
            Check(Array.TrueForAll(values, float.IsFinite), name, "a NaN or infinite value", "finite numbers");
    }

    private static void Check(bool condition, string part, string found, string expected)
    {
        if (!condition) throw new VocoderException($"{part} has {found}, expected {expected}");
    }
}
