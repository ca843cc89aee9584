using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;

namespace FlowVocoder.Benchmarks;

/// <summary>Synthesis by a voice on one thread.</summary>
internal static class SynthesisBenchmark
{
    private const int Chunk = 32, Chunks = 16;
    private static readonly int[] s_passes = [0, 1, 2, 4, 6, 8];
    private static readonly Parallelism s_one = new(1);

    /// <summary>Measures and prints the tables.</summary>
    public static void Run(string? path, double minutes)
    {
        if (BenchmarkVoices.Load(path)[0].Model is not CompactVocoder model) throw new VocoderException($"{path}: is no compact voice, expected one");
        Machine.Print();
        double second = model.Recipe.SampleRate / (double)model.Recipe.HopSize;
        float[] mel = BenchmarkVoices.Mel(model.Recipe, Chunk * Chunks);
        double seconds = Chunk * Chunks / second, whole = Matched(model, mel, 0);
        Console.WriteLine(FormattableString.Invariant($"{model.MacsPerSecond / 1e9:0.00} GMAC/s, one thread. Real-time factor {whole / seconds:0.0000}, {2 * model.MacsPerSecond * seconds / whole / 1e9:0} GFLOP/s, peak {FmaPeak.Measure():0} GFLOP/s."));
        Console.WriteLine();
        _ = new MarkdownTable($"part, run alone in chunks of {Chunk} frames", "ms per second of audio", "of the whole");
        foreach (var (name, time) in new SynthesisParts(model, mel, Chunk, s_one).Measure())
            MarkdownTable.Row($"{name}", $"{1000 * time / seconds:0.00}", $"{time / whole:0 %}");
        Console.WriteLine();
        _ = new MarkdownTable("passes of mel matching", "real-time factor", "of it a pass");
        foreach (int passes in s_passes)
        {
            double time = Matched(model, mel, passes), onePass = (time - whole) / Math.Max(1, passes);
            string remark = passes == model.MatchPasses ? ", the default" : "";
            MarkdownTable.Row($"{passes}{remark}", $"{time / seconds:0.0000}", $"{onePass / seconds:0.00000}");
        }
        Console.WriteLine();
        Memory(model, minutes, second);
    }

    private static double Matched(CompactVocoder model, float[] mel, int passes) =>
        Clock.Shortest(() => Synthesizer.Synthesize(model, mel, new SynthesisOptions { Match = passes }, s_one), 2);

    private static void Memory(CompactVocoder model, double minutes, double second)
    {
        double before = Machine.PeakMemory;
        float[] mel = BenchmarkVoices.Mel(model.Recipe, (int)(minutes * 60 * second));
        long samples = 0, allocated = GC.GetTotalAllocatedBytes();
        var options = new SynthesisOptions { Match = model.MatchPasses };
        double time = Clock.Once(() => Synthesizer.Synthesize(model, mel, options, s_one, part => samples += part.Length));
        _ = new MarkdownTable("minutes of audio", "s", "mel, MB", "allocated meanwhile, MB", "peak memory of the process, MiB", "before it");
        MarkdownTable.Row($"{samples / 60.0 / model.Recipe.SampleRate:0.0}", $"{time:0.0}", $"{mel.Length * 4e-6:0}",
            $"{(GC.GetTotalAllocatedBytes() - allocated) * 1e-6:0}", $"{Machine.PeakMemory:0}", $"{before:0}");
    }
}
