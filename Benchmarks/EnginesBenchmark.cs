using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>The engines that this program was built with, side by side: whole mels and streams of each voice, and vocoders from .onnx files.</summary>
internal static class EnginesBenchmark
{
    private const int Frames = 344, Rounds = 6;
    private static readonly Parallelism s_one = new(1);

    /// <summary>Measures and prints the table.</summary>
    /// <param name="voice">A voice; null for all that ship and speak in one pass.</param>
    /// <param name="peers">.onnx files of other vocoders.</param>
    public static void Run(string? voice, IReadOnlyList<string> peers)
    {
        Machine.Print();
        Console.WriteLine(
            "One thread, without matching. Shortest time of each step in all rounds, the engines of a voice in turn. Over managed is of the whole mel.");
        foreach (var (name, how) in VoiceEngine.Missing) Console.WriteLine($"Without {name}: this program was built without {how}.");
        Console.WriteLine();
        _ = new MarkdownTable("voice", "engine", "real-time factor, whole mel", "over managed", "of 16 frames a call", "of 1 frame a call",
            "step of 1 frame p50, ms", "first frame in to first sample out, ms");
        foreach (var (name, model) in BenchmarkVoices.Load(voice).Where(v => !v.Model.GeneratesStepByStep)) Measure(name, model);
        foreach (string peer in peers) Measure(Path.GetFileNameWithoutExtension(peer), [("onnx", BenchmarkVoices.Loaded(peer).Model)]);
    }

    private static void Measure(string name, VocoderModel model)
    {
        var engines = new List<(string, VocoderModel)> { (VoiceEngine.Managed, model) };
        foreach (VoiceEngine engine in VoiceEngine.Registered) engines.Add((engine.Name, engine.Put(BenchmarkVoices.Loaded(name), null).Model));
        Measure(name, engines);
    }

    private static void Measure(string name, List<(string Engine, VocoderModel Model)> engines)
    {
        float[] frames = BenchmarkVoices.Frames(engines[0].Model.Recipe, Frames);
        double seconds = (double)Frames * engines[0].Model.Recipe.HopSize / engines[0].Model.Recipe.SampleRate;
        StreamRun[][] runs = [.. engines.Select(e =>
        {
            StreamRun Stream(int chunk) => new(e.Model.NewStream(new SynthesisOptions(), s_one), chunk, frames);
            // A vocoder without a state speaks every window with its surroundings, and single frames would measure those.
            int least = e.Model is CompactVocoder || e.Engine != VoiceEngine.Managed && engines.Count > 1 ? 1 : e.Model.LookAheadFrames;
            return (StreamRun[])[Stream(Frames), Stream(Math.Max(16, least)), Stream(least)];
        })];
        for (int round = -1; round < Rounds; round++)
            foreach (StreamRun run in runs.SelectMany(r => r)) run.Once(isMeasured: round >= 0);
        for (int i = 0; i < engines.Count; i++)
        {
            StreamRun whole = runs[i][0], sixteen = runs[i][1], one = runs[i][2];
            MarkdownTable.Row($"{name}", $"{engines[i].Engine}", $"{whole.Shortest / seconds:0.0000}",
                $"{(engines[0].Engine == VoiceEngine.Managed ? FormattableString.Invariant($"{whole.Shortest / runs[0][0].Shortest:0.0} ×") : "")}",
                $"{sixteen.Shortest / seconds:0.0000}",
                $"{one.Shortest / seconds:0.0000}{(one.Chunk == 1 ? "" : $" ({one.Chunk} frames)")}", $"{1e3 * one.Percentile(0.5):0.00}",
                    $"{1e3 * one.First:0.00}");
        }
    }
}
