using System.Text.Json;

namespace FlowVocoder.Benchmarks;

/// <summary>What one process measured of a voice on an engine; medians of its runs.</summary>
/// <param name="Whole">Real-time factor of a whole mel.</param>
/// <param name="Processors">The same of the time of all processors together: on a machine that does other things too it tells more than the clock.</param>
/// <param name="Chunk">Frames of the larger calls of a stream.</param>
/// <param name="Chunked">Real-time factor of a stream in such calls; null where no stream was asked for.</param>
/// <param name="Step">Frames of the smallest calls that suit the stream.</param>
/// <param name="Stepped">Real-time factor in such calls.</param>
/// <param name="First">Time of the calls up to the first that gives samples, s.</param>
/// <param name="PeakMemory">Largest resident memory of the process, MiB.</param>
internal sealed record EngineFigures(double Whole, double Processors, int Chunk, double? Chunked, int Step, double? Stepped, double? First, double PeakMemory)
{
    /// <summary>One line.</summary>
    public override string ToString() => JsonSerializer.Serialize(this);

    /// <summary>Reads that line.</summary>
    public static EngineFigures Parse(string line) => JsonSerializer.Deserialize<EngineFigures>(line)!;
}
