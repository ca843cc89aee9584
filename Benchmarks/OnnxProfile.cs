#if ONNX
using System.Text.Json;
using FlowVocoder.Onnx;
using FlowVocoder.Voices;
using Microsoft.ML.OnnxRuntime;

namespace FlowVocoder.Benchmarks;

/// <summary>Where ONNX Runtime's time goes: its own profile of a voice's streaming graph on one thread.</summary>
internal static class OnnxProfile
{
    private const int Runs = 40, Shown = 8;

    /// <summary>Measures and prints the rows of a voice, the operators that take most first.</summary>
    public static void Print(LoadedVoice voice, int frames)
    {
        byte[] graph = OnnxExporter.Export(voice, new OnnxExportOptions { Streaming = true });
        string prefix = Path.Combine(Path.GetTempPath(), $"flowvocoder-{Environment.ProcessId}"), file;
        using (var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, EnableProfiling = true, ProfileOutputPathPrefix = prefix })
        using (var session = new InferenceSession(graph, options))
        {
            int bands = voice.Model.Recipe.Bands, size = session.InputMetadata["state"].Dimensions[1];
            float[] mel = BenchmarkVoices.Mel(voice.Model.Recipe, frames);
            using var run = new RunOptions();
            using OrtValue input = OrtValue.CreateTensorValueFromMemory(mel, [1, bands, frames]);
            using OrtValue state = OrtValue.CreateTensorValueFromMemory(new float[size], [1, size]);
            for (int i = 0; i < Runs; i++) session.Run(run, ["mel", "state"], [input, state], session.OutputNames).Dispose();
            file = session.EndProfiling();
        }
        using JsonDocument profile = JsonDocument.Parse(File.ReadAllBytes(file));
        File.Delete(file);
        List<(string Operator, double Milliseconds)> nodes = Nodes(profile);
        double all = nodes.Sum(n => n.Milliseconds);
        var kinds = nodes.GroupBy(n => n.Operator).Select(kind => (Operator: kind.Key, Count: kind.Count(), Time: kind.Sum(n => n.Milliseconds)));
        foreach (var (kind, count, time) in kinds.OrderByDescending(k => k.Time).Take(Shown))
            MarkdownTable.Row($"{voice.Name}", $"{frames}", $"{kind}", $"{(double)count / Runs:0}", $"{time / Runs:0.000}", $"{time / all:0 %}");
        MarkdownTable.Row($"{voice.Name}", $"{frames}", $"all", $"{(double)nodes.Count / Runs:0}", $"{all / Runs:0.000}", $"");
    }

    // Those of the graph itself: the nodes within a loop run, and are written down, while it does.
    private static List<(string Operator, double Milliseconds)> Nodes(JsonDocument profile)
    {
        var nodes = new List<(string, double)>();
        double loopEnds = 0;
        foreach (JsonElement node in profile.RootElement.EnumerateArray()
            .Where(e => e.GetProperty("cat").GetString() == "Node" && e.GetProperty("name").GetString()!.EndsWith("_kernel_time", StringComparison.Ordinal))
            .OrderBy(e => e.GetProperty("ts").GetDouble()).ThenByDescending(e => e.GetProperty("dur").GetDouble()))
        {
            double start = node.GetProperty("ts").GetDouble(), time = node.GetProperty("dur").GetDouble();
            if (start < loopEnds) continue;
            string kind = node.GetProperty("args").GetProperty("op_name").GetString()!;
            if (kind is "Scan" or "Loop" or "If") loopEnds = start + time;
            nodes.Add((kind, time / 1000));
        }
        return nodes;
    }
}
#endif
