using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Benchmarks;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    /// <summary>Name of the processor.</summary>
    public static string Cpu => File.Exists("/proc/cpuinfo")
        ? File.ReadLines("/proc/cpuinfo").Where(line => line.StartsWith("model name", StringComparison.Ordinal))
            .Select(line => line[(line.IndexOf(':') + 1)..].Trim()).FirstOrDefault("unknown")
        : RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>One line for above a table.</summary>
    public static string Line => $"{Cpu}, {Environment.ProcessorCount} threads, {SimdWidth.Bits}-bit vectors, {RuntimeInformation.FrameworkDescription}, "
        + $"{RuntimeInformation.OSDescription}";

    /// <summary>
    /// Work of other processes at the start of the run, which spoils times: the load average of the last minute, or null where it is not told.
    /// </summary>
    public static double? Load => File.Exists("/proc/loadavg")
        ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) : null;

    /// <summary>Largest resident memory of this process so far, MiB.</summary>
    public static double PeakMemory
    {
        get
        {
            using var process = Process.GetCurrentProcess();
            return process.PeakWorkingSet64 / 1048576.0;
        }
    }

    /// <summary>Prints the line, and a warning when the machine is not idle.</summary>
    public static void Print()
    {
        Console.WriteLine(Line);
        if (Load is { } load && load > 0.5)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"The machine was busy (load {load:0.0}): times are upper bounds, only ratios tell."));
        Console.WriteLine();
    }
}
