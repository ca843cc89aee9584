namespace FlowVocoder.Onnx;

/// <summary>By how much a graph shifts the fundamental: by a number that is known when it is exported, or by an input.</summary>
internal sealed class PitchShift
{
    /// <summary>Name of the input.</summary>
    public const string InputName = "pitch";

    // The division is in single precision everywhere: an hour adds up to a million cycles, and a last digit of the octaves is heard in the phase.
    private const float OctaveSemitones = 12, LowestSemitones = -24;

    /// <summary>A number of semitones.</summary>
    public PitchShift(float semitones) => Factor = LowestRatio = Math.Pow(2, semitones / OctaveSemitones);

    /// <summary>An input of semitones [b].</summary>
    public PitchShift(Value semitones)
    {
        Graph graph = semitones.Graph;
        Value octaves = (semitones.Reshape(-1, 1, 1) / graph.Scalar(OctaveSemitones)).ToDouble();
        (Factor, LowestRatio, Input) = (1, Math.Pow(2, LowestSemitones / OctaveSemitones), (octaves * graph.Scalar(Math.Log(2))).Apply("Exp"));
    }

    /// <summary>
    /// By which F0 is multiplied as far as that is known. It goes into tables: a number that multiplies a product of matrices becomes a factor of it in ONNX
    /// Runtime, in single precision.
    /// </summary>
    public double Factor { get; }

    /// <summary>By which F0 is multiplied beyond that, in double precision, [b, 1, 1]; null for nothing.</summary>
    public Value? Input { get; }

    /// <summary>The least that both can make.</summary>
    public double LowestRatio { get; }

    /// <summary>Whether the pitch may be another than that of the mel.</summary>
    public bool IsAny => Factor != 1 || Input != null;

    /// <summary>F0 [b, n, 1] at the pitch that is spoken.</summary>
    public Value Apply(Value hz)
    {
        if (Factor != 1) hz *= (float)Factor;
        return Input is { } ratio ? hz * ratio.ToFloat() : hz;
    }
}
