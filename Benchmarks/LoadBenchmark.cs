using FlowVocoder.Models;

namespace FlowVocoder.Benchmarks;

/// <summary>How many concurrent streams the machine holds in real time.</summary>
internal static class LoadBenchmark
{
    private const double WarmUp = 1;
    private const int Confirmations = 2;

    /// <summary>Searches and prints the table.</summary>
    public static void Run(string? voice, double seconds, double buffer)
    {
        var voices = BenchmarkVoices.Load(voice);
        Machine.Print();
        Console.WriteLine(FormattableString.Invariant($"Streams of one model, each fed one frame in real time for {seconds:0} s and answered through the thread pool. A stream has an underrun when samples come more than {buffer:0} ms after the frame that allowed them was due, which is what a player has to keep in its buffer; the first {WarmUp:0} s are left out. Held: no stream has one, {Confirmations} times over."));
        Console.WriteLine();
        _ = new MarkdownTable("voice", "streams held", "a core", "delay p50, ms", "p99, ms", "worst, ms", "first number not held");
        foreach (var (name, model) in voices)
        {
            var (held, notHeld, delays) = Search(model, seconds, buffer / 1000);
            double Percentile(double part) => delays.Length == 0 ? double.NaN : 1e3 * delays[(int)(part * (delays.Length - 1))];
            MarkdownTable.Row($"{name}", $"{held}", $"{(double)held / Environment.ProcessorCount:0.0}", $"{Percentile(0.5):0.0}", $"{Percentile(0.99):0.0}",
                $"{Percentile(1):0.0}", $"{notHeld}");
        }
    }

    private static (int Held, int NotHeld, double[] Delays) Search(VocoderModel model, double seconds, double buffer)
    {
        // Warms up, whatever comes of it.
        IsHeld(model, 1, WarmUp + 1, buffer, out _);
        int held = 0, notHeld = 1;
        double[] delays = [];
        bool Try(int streams)
        {
            bool isHeld = IsHeld(model, streams, seconds, buffer, out double[] found);
            if (isHeld) (held, delays) = (streams, found);
            else notHeld = streams;
            return isHeld;
        }
        while (Try(notHeld)) notHeld = 2 * held;
        while (notHeld - held > 1) Try((held + notHeld) / 2);
        return (held, notHeld, delays);
    }

    private static bool IsHeld(VocoderModel model, int streams, double seconds, double buffer, out double[] delays)
    {
        int frames = (int)(seconds * model.Recipe.SampleRate / model.Recipe.HopSize);
        delays = [];
        for (int i = 0; i < Confirmations; i++)
        {
            delays = new LoadRun(model, streams, frames).Measure(WarmUp);
            if (delays.Length == 0 || delays[^1] > buffer) return false;
        }
        return true;
    }
}
