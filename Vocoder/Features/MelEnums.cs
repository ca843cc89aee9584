using System.Text.Json.Serialization;

namespace FlowVocoder.Features;

/// <summary>How hertz become mels.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MelScale>))]
public enum MelScale
{
    /// <summary>Slaney's Auditory Toolbox, librosa's default: linear up to 1000 Hz (15 mel), logarithmic above (27 mel for a factor of 6.4).</summary>
    Slaney,

    /// <summary>HTK, torchaudio's default: 2595·log10(1 + f/700).</summary>
    Htk,
}

/// <summary>How the triangles of a filter bank are scaled.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MelNorm>))]
public enum MelNorm
{
    /// <summary>Each triangle has area 1 over hertz: its peak is 2/(upper − lower edge).</summary>
    Slaney,

    /// <summary>Each triangle peaks at 1.</summary>
    None,
}

/// <summary>The analysis window.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MelWindow>))]
public enum MelWindow
{
    /// <summary>½ − ½·cos(2πi/n), the default of librosa and torch.stft.</summary>
    HannPeriodic,

    /// <summary>½ − ½·cos(2πi/(n − 1)), that of NVIDIA NeMo.</summary>
    HannSymmetric,
}

/// <summary>Where frame i lies in a signal of N samples.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MelCentering>))]
public enum MelCentering
{
    /// <summary>Reflected by FFT/2 at both ends: 1 + ⌊N/hop⌋ frames, frame i centred at sample hop·i (librosa, torch center=True).</summary>
    Centered,

    /// <summary>Reflected by (FFT − hop)/2 at both ends: ⌊N/hop⌋ frames, frame i centred at sample hop·i + hop/2 (HiFi-GAN).</summary>
    HopCentered,
}

/// <summary>What the frames at both ends find beyond the recording.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MelPadding>))]
public enum MelPadding
{
    /// <summary>The mirror image of the recording, without its first or last sample.</summary>
    Reflect,

    /// <summary>Zeros.</summary>
    Zeros,
}

/// <summary>The compression of mel amplitudes.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<MelLogarithm>))]
public enum MelLogarithm
{
    /// <summary>ln x.</summary>
    Natural,

    /// <summary>log10 x.</summary>
    Log10,

    /// <summary>20·log10 x, whatever the power of the spectrum.</summary>
    Decibel,
}
