using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;

namespace FlowVocoder.Benchmarks;

/// <summary>Synthesis in small chunks on one thread: what a listener waits for, and what it costs over synthesis of the whole.</summary>
internal static class StreamingBenchmark
{
    private const int Frames = 512, Rounds = 8;
    private static readonly Parallelism s_one = new(1);

    /// <summary>Measures and prints the table.</summary>
    public static void Run(string? voice)
    {
        var voices = BenchmarkVoices.Load(voice);
        Machine.Print();
        Console.WriteLine("One thread. A step is a push of one chunk. Offline is the same mel in chunks of the stream's own choice, in turn with the others; "
            + "real-time factors take the shortest time of each step in all rounds.");
        Console.WriteLine();
        _ = new MarkdownTable("voice", "passes", "frames a chunk", "first frame in to first sample out, ms", "step p50, ms", "p95", "p99",
            "real-time factor", "over offline", "state, KiB");
        foreach (var (name, model) in voices)
            for (int passes = 0; passes <= Math.Min(1, model.MatchPasses); passes++) Measure(name, model, passes);
    }

    private static void Measure(string name, VocoderModel model, int passes)
    {
        var options = new SynthesisOptions { Match = passes };
        float[] frames = BenchmarkVoices.Frames(model.Recipe, Frames);
        double seconds = (double)Frames * model.Recipe.HopSize / model.Recipe.SampleRate;
        StreamRun Stream(int chunk) => new(model.NewStream(options, s_one), chunk, frames);
        StreamRun offline = Stream(model.NewStream(options, s_one).ChunkFrames);
        StreamRun[] runs = [Stream(1), Stream(4), Stream(16)];
        // The first round warms up.
        for (int round = -1; round < Rounds; round++)
            foreach (StreamRun run in runs.Prepend(offline)) run.Once(isMeasured: round >= 0);
        foreach (StreamRun run in runs) Row($"{run.Chunk}", run);
        Row($"offline, {offline.Chunk}", offline);

        void Row(string chunk, StreamRun run) => MarkdownTable.Row($"{name}", $"{passes}", $"{chunk}", $"{1e3 * run.First:0.00}",
            $"{1e3 * run.Percentile(0.5):0.00}", $"{1e3 * run.Percentile(0.95):0.00}", $"{1e3 * run.Percentile(0.99):0.00}", $"{run.Shortest / seconds:0.0000}",
            $"{run.Shortest / offline.Shortest:0.00} ×", $"{run.StateBytes / 1024.0:0}");
    }
}
