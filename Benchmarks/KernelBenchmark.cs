using FlowVocoder.Compute;

namespace FlowVocoder.Benchmarks;

/// <summary>The convolution of a WaveNet layer, alone, beside the peak of the processor.</summary>
internal static class KernelBenchmark
{
    private const int Batch = 12, Length = 256, Taps = 3, Rounds = 4;

    /// <summary>Measures and prints the table.</summary>
    public static void Run()
    {
        Machine.Print();
        var (one, two) = (new Parallelism(1), new Parallelism(2));
        Console.WriteLine($"Convolution of {Taps} taps, {Length} steps, batch {Batch}, C → 2C channels; percent of the multiply-add peak of one thread, "
            + "measured beside each row.");
        Console.WriteLine();
        _ = new MarkdownTable("channels", "peak, GFLOP/s", "forward", "of peak", "forward + backward", "of peak", "two threads over one: peak", "forward",
            "with backward");
        foreach (int channels in new[] { 64, 96, 128, 256 })
        {
            var call = new ConvolutionCall(Batch, channels, Length, Taps, new ConvShape(1, Taps - 1), 2 * channels, true, false, true);
            ConvolutionRun single = new(call, one), dual = new(call, two);
            // In turn, so that a change of clock meets all alike.
            double peak = 0, peakTwo = 0, forward = 1e9, training = 1e9, forwardTwo = 1e9, trainingTwo = 1e9;
            for (int round = 0; round < Rounds; round++)
            {
                peak = Math.Max(peak, FmaPeak.Measure());
                peakTwo = Math.Max(peakTwo, FmaPeak.Measure(2));
                forward = Math.Min(forward, Clock.Shortest(single.Forward));
                training = Math.Min(training, Clock.Shortest(single.ForwardAndBackward));
                forwardTwo = Math.Min(forwardTwo, Clock.Shortest(dual.Forward));
                trainingTwo = Math.Min(trainingTwo, Clock.Shortest(dual.ForwardAndBackward));
            }
            double forwardRate = call.ForwardFlop / forward / 1e9, trainingRate = call.TrainingFlop / training / 1e9;
            MarkdownTable.Row($"{channels} → {2 * channels}", $"{peak:0}", $"{forwardRate:0}", $"{forwardRate / peak:0 %}", $"{trainingRate:0}",
                $"{trainingRate / peak:0 %}",
                $"{peakTwo / peak:0.00} ×", $"{forward / forwardTwo:0.00} ×", $"{training / trainingTwo:0.00} ×");
        }
    }
}
