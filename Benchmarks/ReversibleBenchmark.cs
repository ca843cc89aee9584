using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Training;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Benchmarks;

/// <summary>
/// Training steps of compact voices of many flows, whose activations are stored or rebuilt: memory, time, and how far the gradients are apart.
/// </summary>
internal static class ReversibleBenchmark
{
    private const int Steps = 3;

    /// <summary>Measures and prints the table.</summary>
    public static void Run(SpeechDataset data)
    {
        Machine.Print();
        Console.WriteLine(
            "Compact voice of so many flows, 12 crops of 8,192 samples, one thread: memory of all tensors of a step, without weights and their gradients; "
            + "processor seconds, the least of three steps.");
        Console.WriteLine();
        _ = new MarkdownTable("flows", "parameters", "stored, MiB", "rebuilt, MiB", "stored, s a step", "rebuilt, s a step", "times as long", "gradients apart",
            "input rebuilt to within");
        foreach (int flows in new[] { 6, 12, 24, 48 })
        {
            var config = new TrainingConfig { Model = new CompactConfig { Flows = flows, EarlyEvery = flows / 3 } };
            var model = new CompactVocoder(config.Model, MelRecipe.ByName(config.Recipe), config.Seed);
            // The last layers are zero at first, and so would be most gradients.
            var random = new Philox(1);
            uint index = 0;
            foreach (Parameter p in model.Parameters.Items.Where(p => p.Name.Contains(".end.", StringComparison.Ordinal)))
            {
                random.Normal(p.Value, index++, 0);
                foreach (ref float value in p.Value.Span) value *= 0.01f;
                p.Value.MarkChanged();
            }
            new CompactTask(model, data, config).Initialize(new CpuOps());
            Measured stored = Measure(model, data, config), rebuilt = Measure(model, data, config with { Reversible = true });
            MarkdownTable.Row($"{flows}", $"{model.Parameters.Count / 1e6:0.0} M", $"{stored.Mebibytes:0}", $"{rebuilt.Mebibytes:0}", $"{stored.Seconds:0.00}",
                $"{rebuilt.Seconds:0.00}",
                $"{rebuilt.Seconds / stored.Seconds:0.00}", $"{Distance(stored.Gradients, rebuilt.Gradients):0e-0}", $"{rebuilt.Error:0e-0}");
        }
    }

    private sealed record Measured(double Mebibytes, double Seconds, float[][] Gradients, double Error);

    private static Measured Measure(CompactVocoder model, SpeechDataset data, TrainingConfig config)
    {
        var task = new CompactTask(model, data, config);
        Step(task, new CpuOps(tape: new Tape()));
        long before = GC.GetTotalMemory(forceFullCollection: true);
        var ops = new CpuOps(tape: new Tape());
        double error = Step(task, ops);
        double used = (GC.GetTotalMemory(forceFullCollection: true) - before) / (1024.0 * 1024), best = double.PositiveInfinity;
        float[][] gradients = [.. task.Parameters.Items.Select(p => p.Value.Grad?.Span.ToArray() ?? [])];
        for (int i = 0; i < Steps; i++)
        {
            TimeSpan start = Environment.CpuUsage.TotalTime;
            Step(task, ops);
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalSeconds);
        }
        GC.KeepAlive(ops);
        return new Measured(used, best, gradients, error);
    }

    // How well activations were rebuilt; 0 where they were stored.
    private static double Step(CompactTask task, CpuOps ops)
    {
        foreach (Parameter p in task.Parameters.Items) p.Value.Grad?.Span.Clear();
        ops.Backward(task.Loss(ops, 0).Loss!);
        double error = ops.RebuildError;
        ops.Reset();
        return error;
    }

    private static double Distance(float[][] expected, float[][] found)
    {
        double difference = 0, energy = 0;
        foreach (var (a, b) in expected.Zip(found))
            foreach (var (x, y) in a.Zip(b)) (difference, energy) = (difference + Math.Pow(x - y, 2), energy + (double)x * x);
        return Math.Sqrt(difference / energy);
    }
}
