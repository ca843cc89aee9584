using System.Diagnostics;

namespace FlowVocoder.Benchmarks;

/// <summary>Times of short work on a machine that may do other things: the shortest of many runs is what the work itself takes.</summary>
internal static class Clock
{
    /// <summary>Shortest time of <paramref name="work"/> in seconds, repeated for about <paramref name="budget"/> seconds after one run to warm up.</summary>
    public static double Shortest(Action work, double budget = 0.3)
    {
        work();
        long start = Stopwatch.GetTimestamp();
        double best = double.PositiveInfinity;
        for (int run = 0; run < 3 || Stopwatch.GetElapsedTime(start).TotalSeconds < budget; run++) best = Math.Min(best, Once(work));
        return best;
    }

    /// <summary>Time of one run in seconds.</summary>
    public static double Once(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>
    /// Median time of <paramref name="work"/> in seconds, by the clock and of all processors together, repeated for about
    /// <paramref name="budget"/> seconds and at least three times, after twice as long to warm up, in which code is compiled anew. A first run that takes
    /// ten times the budget is taken as it is.
    /// </summary>
    public static (double Time, double Processors) Middle(Action work, double budget)
    {
        List<double> times = [], processors = [];
        void Run()
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            times.Add(Once(work));
            processors.Add((Environment.CpuUsage.TotalTime - before).TotalSeconds);
        }
        Run();
        if (times[0] > 10 * budget && budget > 0) return (times[0], processors[0]);
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start).TotalSeconds < 2 * budget;) Run();
        times.Clear();
        processors.Clear();
        for (long start = Stopwatch.GetTimestamp(); times.Count < 3 || Stopwatch.GetElapsedTime(start).TotalSeconds < budget;) Run();
        return (Median(times), Median(processors));
    }

    /// <summary>The middle of some times.</summary>
    public static double Median(IEnumerable<double> times)
    {
        double[] sorted = [.. times.Order()];
        return sorted[sorted.Length / 2];
    }
}
