using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;

namespace FlowVocoder.Benchmarks;

/// <summary>Speaking and scoring by voices: what is one parallel pass for one kind of flow goes step by step for another.</summary>
internal static class DirectionsBenchmark
{
    private const int Samples = 12;
    private static readonly Parallelism s_one = new(1);

    /// <summary>Measures and prints the tables.</summary>
    public static void Run(string? path, double seconds)
    {
        Machine.Print();
        _ = new MarkdownTable("voice", "GMAC/s", "real-time factor speaking", "on all threads", "scoring", "step by step instead of anew at each step");
        foreach (var (name, loaded) in BenchmarkVoices.Load(path))
        {
            if (loaded is not CompactVocoder model) continue;
            int frames = (int)(seconds * model.Recipe.SampleRate / model.Recipe.HopSize);
            float[] mel = BenchmarkVoices.Mel(model.Recipe, frames);
            double length = (double)frames * model.Recipe.HopSize / model.Recipe.SampleRate;
            float[] audio = [];
            double speaking = Clock.Shortest(() => audio = Synthesizer.Synthesize(model, mel, new SynthesisOptions(), s_one), 1);
            double shared = Clock.Shortest(() => Synthesizer.Synthesize(model, mel, new SynthesisOptions(), new Parallelism()), 1);
            double scoring = Clock.Shortest(() => model.Score(mel, audio, s_one), 1);
            double steps = model.GeneratesStepByStep ? speaking : model.ScoresStepByStep ? scoring : 0;
            string factor = steps == 0 ? "–" : FormattableString.Invariant($"{Anew(model, frames) / steps:0} ×");
            MarkdownTable.Row($"{name}", $"{model.MacsPerSecond / 1e9:0.00}", $"{speaking / length:0.0000}", $"{shared / length:0.0000}", $"{scoring / length:0.000}", $"{factor}");
        }
    }

    // Without cached convolutions, every step would take a parallel pass over all that came before: the time of such a pass at some lengths,
    // summed over all steps in between.
    private static double Anew(CompactVocoder model, int frames)
    {
        int steps = frames * model.Recipe.HopSize / model.Config.Group, previous = 0;
        Tensor condition = new(1, model.Config.ConditionChannels, steps), input = new(1, model.Config.Group, steps);
        double total = 0;
        for (int i = 1; i <= Samples; i++)
        {
            int length = steps * i / Samples;
            var ops = new CpuOps(s_one);
            double time = Clock.Shortest(() =>
            {
                if (model.GeneratesStepByStep) model.Stack.Forward(ops, ops.Crop(input, 0, length), ops.Crop(condition, 0, length));
                else model.Stack.Inverse(ops, [ops.Crop(input, 0, length)], ops.Crop(condition, 0, length));
                ops.Reset();
            }, 0.1);
            total += time * (length - previous);
            previous = length;
        }
        return total;
    }
}
