using System.Diagnostics;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Benchmarks;

/// <summary>A Flowtron of the published size, of random weights: what its mel costs before the first frame and for each further one.</summary>
internal static class FlowtronBenchmark
{
    private const int Frames = 200, Symbols = 70;

    /// <summary>Measures processor time, which a busy machine does not lengthen much, and prints the table.</summary>
    public static void Run()
    {
        Machine.Print();
        MelRecipe recipe = MelRecipe.ByName("nvidia");
        double frame = 1000.0 * recipe.HopSize / recipe.SampleRate;
        Console.WriteLine(FormattableString.Invariant($"Mels of {Frames} frames of {frame:0.0} ms from {Symbols} symbols, one thread, processor time."));
        Console.WriteLine();
        _ = new MarkdownTable("flows", "parameters", "to the first frame, s", "each further frame, ms", "all over the time that it sounds");
        foreach (int flows in new[] { 1, 2 })
        {
            var model = new Flowtron(new FlowtronConfig { Flows = flows });
            int[] text = [.. Enumerable.Range(0, Symbols).Select(i => 75 + i % 26)];
            IEnumerable<FlowtronFrame> Speak(int frames) =>
                model.Speak(Engine.Managed, new Parallelism(1), text, new FlowtronOptions { Gate = 1, MaxFrames = frames });
            // Packs weights and compiles.
            _ = Speak(100).Count();
            TimeSpan start = Used, first = default;
            int count = 0;
            foreach (FlowtronFrame _ in Speak(Frames))
                if (count++ == 0) first = Used - start;
            double all = (Used - start).TotalMilliseconds;
            MarkdownTable.Row($"{flows}", $"{model.Parameters.Count / 1e6:0.0} M", $"{first.TotalSeconds:0.00}",
                $"{(all - first.TotalMilliseconds) / (Frames - 1):0.0}", $"{all / (Frames * frame):0.00}");
        }
    }

    private static TimeSpan Used => Process.GetCurrentProcess().TotalProcessorTime;
}
