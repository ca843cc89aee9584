namespace FlowVocoder.AudioIO;

/// <summary>How <see cref="WavWriter"/> stores samples.</summary>
public enum WavFormat
{
    /// <summary>16-bit integers: rounded to the nearest, clipped at full scale. The default value.</summary>
    Pcm16,

    /// <summary>32-bit IEEE floats: as they are, also beyond full scale.</summary>
    Float32,
}
