using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Training;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Benchmarks;

/// <summary>Whole training steps of the default compact voice: crops, forward, backward, Adam, averaged weights.</summary>
internal static class TrainingBenchmark
{
    private static readonly TrainingConfig s_config = new();

    /// <summary>Measures and prints the table; with <paramref name="python"/> the same network in PyTorch is run in turn with ours.</summary>
    public static void Run(int steps, int rounds, string? python)
    {
        Machine.Print();
        SpeechDataset data = RandomData();
        var calls = Convolutions(data);
        double flop = calls.Sum(entry => entry.Value * entry.Key.TrainingFlop);
        Console.WriteLine(FormattableString.Invariant(
            $"Default compact voice, {s_config.Batch} crops of {s_config.CropFrames * 256} samples: {flop / 1e9:0.0} GFLOP a step in convolutions."));
        Console.WriteLine();
        _ = new MarkdownTable("threads", "step, s", "median", "GFLOP/s", "convolutions alone, s", "GFLOP/s", "step reaches", python == null ? "" : "PyTorch, s",
            python == null ? "" : "PyTorch over ours");
        foreach (int threads in new[] { 1, 2 })
        {
            var ours = new List<double>();
            var theirs = new List<double>();
            double alone = double.PositiveInfinity;
            // In turn, so that both meet the same machine.
            for (int round = 0; round < rounds; round++)
            {
                ours.AddRange(Steps(data, steps, threads));
                alone = Math.Min(alone, Alone(calls, threads));
                if (python != null) theirs.AddRange(PyTorchStep.Run(python, s_config.Batch, s_config.CropFrames, steps, threads));
            }
            double step = ours.Min();
            FormattableString none = $"", pytorch = theirs.Count > 0 ? $"{theirs.Min():0.000}" : none, ratio = theirs.Count > 0
                ? $"{theirs.Min() / step:0.00} ×" : none;
            MarkdownTable.Row($"{threads}", $"{step:0.000}", $"{Clock.Median(ours):0.000}", $"{flop / step / 1e9:0}", $"{alone:0.000}",
                $"{flop / alone / 1e9:0}", $"{alone / step:0 %}", pytorch, ratio);
        }
    }

    /// <summary>Times of some steps, after two that warm up, on the managed engine or another.</summary>
    internal static List<double> Steps(SpeechDataset data, int steps, int threads, Engine? engine = null, int? batch = null)
    {
        TrainingConfig config = s_config with
        {
            Batch = batch ?? s_config.Batch, Steps = steps + 2, LogEvery = 1, ValidateEvery = long.MaxValue, SaveEvery = long.MaxValue,
        };
        var model = new CompactVocoder(config.Model, MelRecipe.ByName(config.Recipe), config.Seed);
        var trainer = new Trainer(new CompactTask(model, data, config), config, new Parallelism(threads), engine);
        trainer.Initialize();
        var times = new List<double>();
        trainer.Run(report => times.Add(report.SecondsPerStep), () => { }, default);
        return times[2..];
    }

    private static Dictionary<ConvolutionCall, int> Convolutions(SpeechDataset data)
    {
        var model = new CompactVocoder(s_config.Model, MelRecipe.ByName(s_config.Recipe), s_config.Seed);
        var log = new ConvolutionLog(new Tape());
        new CompactTask(model, data, s_config).Loss(log, 0);
        return log.Calls;
    }

    private static double Alone(Dictionary<ConvolutionCall, int> calls, int threads)
    {
        var parallelism = new Parallelism(threads);
        return calls.Sum(entry => entry.Value * Clock.Shortest(new ConvolutionRun(entry.Key, parallelism).ForwardAndBackward, 0.05));
    }

    // The time of a step does not depend on what is said.
    internal static SpeechDataset RandomData()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("flowvocoder-benchmark-");
        try
        {
            var random = new Philox(1);
            for (uint i = 0; i < 4; i++)
            {
                var audio = new float[44100];
                random.Normal(audio, i, 0, 0);
                for (int t = 0; t < audio.Length; t++) audio[t] = 0.02f * audio[t] + 0.2f * (t * (100 + 20 * i) % 22050 / 22050f - 0.5f);
                WavFile.Write(Path.Combine(folder.FullName, $"{i}.wav"), audio, 22050);
            }
            return SpeechDataset.Load(folder.FullName, MelRecipe.ByName(s_config.Recipe), pitch: true);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
