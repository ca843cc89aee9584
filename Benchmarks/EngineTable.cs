using System.Runtime.CompilerServices;
using FlowVocoder.Compute;
using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>Engines side by side: each row in processes of its own, all rows in turn, and the median of each figure over the rounds.</summary>
internal static class EngineTable
{
    /// <summary>What a reader has to know.</summary>
    public const string Explanation = "Each row is a process of its own in every round, all rows in turn; medians of the rounds. Without matching. "
        + "Over managed is of the whole mel, round by round; processor time is that of all threads, as a real-time factor. "
        + "Memory is the largest resident memory of the process, with .NET and what the engine brings.";

    /// <summary>Measures and prints the table.</summary>
    public static void Print(IReadOnlyList<EngineRow> rows, int rounds)
    {
        List<EngineFigures>[] figures = [.. rows.Select(_ => new List<EngineFigures>())];
        for (int round = 0; round < rounds; round++)
            for (int i = 0; i < rows.Count; i++) figures[i].Add(rows[i].Measure());
        _ = new MarkdownTable("voice", "engine", "threads", "real-time factor, whole mel", "over managed", "processor time of it", "of 16 frames a call",
            "of 1 frame a call", "first frame in to first sample out, ms", "memory, MiB");
        for (int i = 0; i < rows.Count; i++)
        {
            EngineRow row = rows[i];
            int managed = rows.ToList().FindIndex(r => r.Engine == VoiceEngine.Managed && r.Voice == row.Voice && r.Threads == row.Threads);
            Print(row, figures[i], managed < 0 ? null : figures[managed]);
        }
    }

    /// <summary>Engine, device and precision for people.</summary>
    public static string Computes(string engine, string device, Precision precision) =>
        $"{engine}{(device == "cpu" ? "" : $" {device}")}{(precision == Precision.Float32 ? "" : $" {precision.ToString().ToLowerInvariant()}")}";

    private static void Print(EngineRow row, List<EngineFigures> own, List<EngineFigures>? managed)
    {
        double? Middle(Func<EngineFigures, double?> of) => of(own[0]) == null ? null : Clock.Median(own.Select(f => of(f)!.Value));
        FormattableString Number(double? value, string format, string of = "") =>
            value is { } number ? FormattableStringFactory.Create($"{{0:{format}}}{of}", number) : $"";
        string Calls(int frames, int usual) => frames == usual ? "" : $" ({frames} frames)";
        double? over = managed == null ? null : Clock.Median(own.Zip(managed, (a, b) => a.Whole / b.Whole));
        int threads = row.Threads == 0 ? Environment.ProcessorCount : row.Threads;
        MarkdownTable.Row($"{Path.GetFileNameWithoutExtension(row.Voice)}", $"{Computes(row.Engine, row.Device, row.Precision)}", $"{threads}",
            Number(Middle(f => f.Whole), "0.0000"), Number(over, "0.0", " ×"), Number(Middle(f => f.Processors), "0.0000"),
            Number(Middle(f => f.Chunked), "0.0000", Calls(own[0].Chunk, 16)), Number(Middle(f => f.Stepped), "0.0000", Calls(own[0].Step, 1)),
            Number(1e3 * Middle(f => f.First), "0.00"), Number(Middle(f => f.PeakMemory), "0"));
    }
}
