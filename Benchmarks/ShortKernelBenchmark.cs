using FlowVocoder.Compute;
using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Benchmarks;

/// <summary>The two convolution kernels on few time steps, as a stream calls them: vectors over time beside vectors over output channels.</summary>
internal static unsafe class ShortKernelBenchmark
{
    private const int Channels = 96;
    private static readonly Parallelism s_one = new(1);

    /// <summary>Measures and prints the table.</summary>
    public static void Run()
    {
        Console.WriteLine(
            $"The same for few time steps, batch 1, one thread, {Channels} → {2 * Channels} channels; a model takes the kernel of the last column.");
        Console.WriteLine();
        _ = new MarkdownTable("taps", "steps", "vectors over time, GFLOP/s", "vectors over channels, GFLOP/s", "channels over time", "kernel");
        foreach (int taps in new[] { 1, 3 })
            foreach (int length in new[] { 1, 2, 4, 6, 8, 12, 15, 16, 24, 32 })
            {
                var weight = new Tensor(2 * Channels, Channels, taps);
                new Philox(1).Normal(weight.Span, 0, 0, 0);
                Measure(weight, length);
            }
        Console.WriteLine();
    }

    private static void Measure(Tensor weight, int length)
    {
        int rows = weight.Batch, taps = weight.Length, span = taps - 1, stride = Convolution.Stride(length + span + Tile.Slack);
        Tensor x = new(1, Channels, stride), y = new(1, rows, length), bias = new(1, rows, 1);
        Tensor overTime = new(Convolution.PackedSize(weight, rows)), overChannels = new(ShortConvolution.PackedSize(weight, rows));
        Convolution.Pack(s_one, weight, 0, rows, overTime.Data);
        ShortConvolution.Pack(s_one, weight, 0, rows, overChannels.Data);
        var sums = new Tensor(ShortConvolution.ScratchSize(1, rows, length));
        const int Calls = 50;
        double timeSeconds = Clock.Shortest(() =>
        {
            for (int i = 0; i < Calls; i++) Convolution.Run(s_one, overTime.Data, x.Data, stride, 1, Channels, taps, 1, bias.Data, null, y.Data, rows, length);
        }, 0.1);
        double channelSeconds = Clock.Shortest(() =>
        {
            for (int i = 0; i < Calls; i++)
                ShortConvolution.Run(s_one, overChannels.Data, x.Data, stride, 1, Channels, taps, 1, bias.Data, null, y.Data, rows, length, sums.Data);
        }, 0.1);
        double flop = 2.0 * Calls * rows * Channels * taps * length;
        MarkdownTable.Row($"{taps}", $"{length}", $"{flop / timeSeconds / 1e9:0}", $"{flop / channelSeconds / 1e9:0}", $"{timeSeconds / channelSeconds:0.00} ×",
            $"{(ShortConvolution.Suits(length) ? "channels" : "time")}");
    }
}
