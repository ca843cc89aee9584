using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Benchmarks;

/// <summary>The engines that this program was built with, side by side: whole mels and streams of each voice, and vocoders from .onnx files.</summary>
internal static class EnginesBenchmark
{
    private const int Frames = 344;
    private static readonly int[] s_threads = [1, 2];

    /// <summary>Measures and prints the table.</summary>
    /// <param name="voice">A voice; null for all that ship and speak in one pass.</param>
    /// <param name="peers">.onnx files of other vocoders.</param>
    /// <param name="rounds">Rounds.</param>
    /// <param name="seconds">How long each figure is measured in each.</param>
    public static void Run(string? voice, IReadOnlyList<string> peers, int rounds, double seconds)
    {
        // What is not there shows before anything is measured.
        var voices = BenchmarkVoices.Load(voice).Where(v => !v.Model.GeneratesStepByStep);
        foreach (string peer in peers) BenchmarkVoices.Loaded(peer);
        Machine.Print();
        Console.WriteLine(EngineTable.Explanation);
        foreach (var (name, how) in VoiceEngine.Missing) Console.WriteLine($"Without {name}: this program was built without {how}.");
        Console.WriteLine();
        string[] engines = [VoiceEngine.Managed, .. VoiceEngine.Registered.Select(engine => engine.Name)];
        var rows = new List<EngineRow>();
        EngineRow Row(string name, string engine, int threads) => new(name, engine, "cpu", Precision.Float32, threads, Frames, Streams: true, seconds);
        foreach (var (name, model) in voices)
            foreach (int threads in s_threads)
                rows.AddRange(engines.Select(engine => Row(voice ?? name, engine, threads)));
        foreach (string peer in peers) rows.AddRange(s_threads.Select(threads => Row(peer, "onnx", threads)));
        EngineTable.Print(rows, rounds);
    }

    /// <summary>Where ONNX Runtime's time goes: prints the nodes of the graphs of voices by what they compute.</summary>
    /// <exception cref="VocoderException">This program was built without it.</exception>
    public static void Profile(string? voice)
    {
        VoiceEngine.Find("onnx");
        var voices = BenchmarkVoices.Load(voice).Where(v => !v.Model.GeneratesStepByStep);
        Machine.Print();
#if ONNX
        _ = new MarkdownTable("voice", "frames a run", "operator", "nodes", "ms a run", "of all");
        foreach (var (name, _) in voices)
            foreach (int frames in (int[])[1, 32]) OnnxProfile.Print(BenchmarkVoices.Loaded(voice ?? name), frames);
#endif
    }
}
