using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>Synthesis by a voice on one thread.</summary>
internal static class SynthesisBenchmark
{
    private const int Chunk = 32, Chunks = 16;
    private static readonly Parallelism s_one = new(1);

    /// <summary>Measures and prints the tables.</summary>
    public static void Run(string? path, double minutes)
    {
        Machine.Print();
        CompactVocoder model = Load(path);
        double second = model.Recipe.SampleRate / (double)model.Recipe.HopSize;
        float[] mel = RandomMel(model.Recipe, Chunk * Chunks);
        double seconds = Chunk * Chunks / second, whole = Clock.Shortest(() => Synthesizer.Synthesize(model, mel, new SynthesisOptions(), s_one), 2);
        Console.WriteLine(FormattableString.Invariant($"{model.MacsPerSecond / 1e9:0.00} GMAC/s, one thread, chunks of {Chunk} frames. Real-time factor {whole / seconds:0.0000}, {2 * model.MacsPerSecond * seconds / whole / 1e9:0} GFLOP/s, peak {FmaPeak.Measure():0} GFLOP/s."));
        Console.WriteLine();
        _ = new MarkdownTable("part, run alone", "ms per second of audio", "of the whole");
        foreach (var (name, time) in new SynthesisParts(model, mel, Chunk, s_one).Measure())
            MarkdownTable.Row($"{name}", $"{1000 * time / seconds:0.00}", $"{time / whole:0 %}");
        Console.WriteLine();
        Memory(model, minutes, second);
    }

    private static void Memory(CompactVocoder model, double minutes, double second)
    {
        double before = Machine.PeakMemory;
        float[] mel = RandomMel(model.Recipe, (int)(minutes * 60 * second));
        long samples = 0, allocated = GC.GetTotalAllocatedBytes();
        double time = Clock.Once(() => Synthesizer.Synthesize(model, mel, new SynthesisOptions(), s_one, part => samples += part.Length));
        _ = new MarkdownTable("minutes of audio", "s", "mel, MB", "allocated meanwhile, MB", "peak memory of the process, MiB", "before it");
        MarkdownTable.Row($"{samples / 60.0 / model.Recipe.SampleRate:0.0}", $"{time:0.0}", $"{mel.Length * 4e-6:0}", $"{(GC.GetTotalAllocatedBytes() - allocated) * 1e-6:0}", $"{Machine.PeakMemory:0}", $"{before:0}");
    }

    private static CompactVocoder Load(string? path)
    {
        path ??= Shipped();
        if (path != null) return CompactVoice.FromFile(VoiceFile.Read(path));
        Console.WriteLine("No shipped voice was found: this is the default configuration with random weights.");
        return new CompactVocoder(new CompactConfig(), MelRecipe.ByName("hifigan"), seed: 1);
    }

    // data/voices of the repository that this program was built in.
    private static string? Shipped()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "data", "voices", "compact.safetensors");
            if (File.Exists(path)) return path;
        }
        return null;
    }

    // Smooth in time and tilted like speech, so that linear prediction has something to invert; time does not depend on more.
    private static float[] RandomMel(MelRecipe recipe, int frames)
    {
        var mel = new float[recipe.Bands * frames];
        for (int b = 0; b < recipe.Bands; b++)
            for (int t = 0; t < frames; t++)
                mel[b * frames + t] = -3f - 0.05f * b + MathF.Sin(0.1f * t + 0.3f * b) + 0.5f * MathF.Sin(0.37f * t);
        return mel;
    }
}
