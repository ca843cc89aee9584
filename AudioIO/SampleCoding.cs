namespace FlowVocoder.AudioIO;

/// <summary>What the bytes of a stored sample mean.</summary>
internal enum SampleCoding
{
    /// <summary>Two's complement; of one byte in a wav, unsigned.</summary>
    Integer,

    /// <summary>IEEE 754.</summary>
    Float,

    /// <summary>ITU-T G.711 A-law.</summary>
    ALaw,

    /// <summary>ITU-T G.711 µ-law.</summary>
    MuLaw,
}
