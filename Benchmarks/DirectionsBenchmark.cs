using FlowVocoder.Compute;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Streaming;

namespace FlowVocoder.Benchmarks;

/// <summary>Speaking and scoring by voices: what is one parallel pass for one kind of flow goes step by step for another.</summary>
internal static class DirectionsBenchmark
{
    private const int Samples = 12;
    private static readonly Parallelism s_one = new(1);
    // The flow itself: matching is no direction of it.
    private static readonly SynthesisOptions s_unmatched = new() { Match = 0 };

    /// <summary>Measures and prints the tables.</summary>
    public static void Run(string? path, double seconds)
    {
        var voices = BenchmarkVoices.Load(path);
        Machine.Print();
        _ = new MarkdownTable("voice", "GMAC/s", "real-time factor speaking", "on all threads", "scoring", "step by step instead of anew at each step");
        foreach (var (name, loaded) in voices)
        {
            if (loaded is not CompactVocoder model) continue;
            int frames = (int)(seconds * model.Recipe.SampleRate / model.Recipe.HopSize);
            float[] mel = BenchmarkVoices.Mel(model.Recipe, frames);
            double length = (double)frames * model.Recipe.HopSize / model.Recipe.SampleRate;
            float[] audio = [];
            double speaking = Clock.Shortest(() => audio = Synthesizer.Synthesize(model, mel, s_unmatched, s_one), 1);
            double shared = Clock.Shortest(() => Synthesizer.Synthesize(model, mel, s_unmatched, new Parallelism()), 1);
            double scoring = Clock.Shortest(() => model.Score(mel, audio, s_one), 1);
            string factor = model.GeneratesStepByStep || model.ScoresStepByStep
                ? FormattableString.Invariant($"{Anew(model, frames) / StepByStep(model, frames):0} ×") : "–";
            MarkdownTable.Row($"{name}", $"{model.MacsPerSecond / 1e9:0.00}", $"{speaking / length:0.0000}", $"{shared / length:0.0000}",
                $"{scoring / length:0.000}", $"{factor}");
        }
    }

    // Time of the flow alone in its sequential direction, on cached convolutions.
    private static double StepByStep(CompactVocoder model, int frames) => Time(model, Steps(model, frames), forward: model.ScoresStepByStep, 1);

    // Without them, every step would take a parallel pass over all that came before: the time of such a pass at some lengths,
    // summed over all steps in between.
    private static double Anew(CompactVocoder model, int frames)
    {
        double total = 0;
        for (int i = 1, previous = 0; i <= Samples; i++)
        {
            int length = Steps(model, frames) * i / Samples;
            total += Time(model, length, forward: model.GeneratesStepByStep, 0.1) * (length - previous);
            previous = length;
        }
        return total;
    }

    private static int Steps(CompactVocoder model, int frames) => frames * model.Recipe.HopSize / model.Config.Group;

    private static double Time(CompactVocoder model, int steps, bool forward, double budget)
    {
        FlowCondition condition = BenchmarkVoices.Condition(model, steps);
        var input = new Tensor(1, model.Config.Group, steps);
        var ops = new CpuOps(s_one);
        return Clock.Shortest(() =>
        {
            if (forward) model.Stack.Forward(ops, input, condition);
            else model.Stack.Inverse(ops, [input], condition);
            ops.Reset();
        }, budget);
    }
}
