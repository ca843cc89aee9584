namespace FlowVocoder.Onnx;

/// <summary>What a graph does.</summary>
public enum OnnxTask
{
    /// <summary>Mel in, speech out.</summary>
    Speak,

    /// <summary>Recording, mel, and phase and F0 as they were tracked in it; its latents and their log-density out.</summary>
    Score,

    /// <summary>Latents in, with the same mel, phase and F0; recording out.</summary>
    Decode,
}

/// <summary>What is in a graph, and what its caller gives it.</summary>
public sealed record OnnxExportOptions
{
    /// <summary>What it does. The default value is <see cref="OnnxTask.Speak"/>, to which alone noise, σ, pitch, matching and seed belong.</summary>
    public OnnxTask Task { get; init; }

    /// <summary>
    /// Whether noise is an input, [batch, channels, steps] of standard deviation 1, so that equal inputs give equal speech; else it is drawn in the graph. The
    /// default value is false.
    /// </summary>
    public bool NoiseInput { get; init; }

    /// <summary>Whether state goes in and out, so that a signal can be spoken in runs of any number of frames. The default value is false.</summary>
    public bool Streaming { get; init; }

    /// <summary>Standard deviation of the noise; null is what suits the voice. The default value is null.</summary>
    public float? Sigma { get; init; }

    /// <summary>
    /// Passes of mel matching, 0 to 32; null is what suits the voice, and none where the graph streams. The default value is null.
    /// </summary>
    public int? Match { get; init; }

    /// <summary>Shift of the fundamental in semitones, -24 to 24. The default value is 0.</summary>
    public float Pitch { get; init; }

    /// <summary>
    /// Whether that shift is an input instead, one for each item of the batch, which may change from run to run; matching is then of the spectral
    /// envelope alone, as for any speech of another pitch. The default value is false.
    /// </summary>
    public bool PitchInput { get; init; }

    /// <summary>Seed of the phase in which the voice begins, as that of synthesis. The default value is 0.</summary>
    public ulong Seed { get; init; }
}
