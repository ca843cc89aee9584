namespace FlowVocoder.Compute;

/// <summary>
/// Which stream of <see cref="Philox"/> belongs to which use, so that no two uses of one seed draw the same numbers. A stream has channels
/// and times of its own.
/// </summary>
internal static class NoiseStreams
{
    /// <summary>Latent noise of synthesis: the first part of the latents, the others follow. What a voice says under a seed hangs on it: it stays.</summary>
    public const uint Latents = 0;

    /// <summary>Where the phase of the fundamental begins in synthesis; it stays too.</summary>
    public const uint StartPhase = uint.MaxValue;

    /// <summary>
    /// Initial value of a parameter. Drawn under the seed of a run, which draws no latents under it: those of training have <see
    /// cref="TrainingSeed"/>.
    /// </summary>
    public static uint Weights(int index) => (uint)index;

    /// <summary>Position and gain of the crop of an item, at time 2·step and 2·step + 1.</summary>
    public static uint Crops(int item) => 0x4000_0000u + (uint)item;

    /// <summary>Noise of one quantisation step that is added to the samples of the crop of an item.</summary>
    public static uint Dequantization(int item) => 0x5000_0000u + (uint)item;

    /// <summary>Where the phase begins in what is spoken of an item while training, at time step.</summary>
    public static uint TrainingPhase(int item) => 0x6000_0000u + (uint)item;

    /// <summary>Whether the mel of an item is smoothed, at time step.</summary>
    public static uint Blur(int item) => 0x7000_0000u + (uint)item;

    /// <summary>Where between data and noise the batch of a step is asked, at time step.</summary>
    public const uint Times = 0x7800_0000u;

    /// <summary>The order of the recordings in an epoch, of recording i at time i.</summary>
    public const uint Epochs = 0x7900_0000u;

    /// <summary>Latent noise of one take of what is spoken while training: the first part of the latents, the others follow, fewer than 65,536.</summary>
    public static uint TrainingLatents(uint take) => 0x8000_0000u + (take << 16);

    /// <summary>The seed of what a run draws step by step, which is not that of its weights.</summary>
    public static ulong TrainingSeed(ulong seed) => seed ^ 0x9E3779B97F4A7C15UL;
}
