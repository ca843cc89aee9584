using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FlowVocoder.Cli;

internal static class Program
{
    private static int Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        long first = 0;
        void Stop(PosixSignalContext signal)
        {
            // The first asks to tidy up and end; one that comes later ends at once. Some senders signal process and group, so that it comes twice.
            long now = Stopwatch.GetTimestamp(), before = Interlocked.CompareExchange(ref first, now, 0);
            signal.Cancel = before == 0 || Stopwatch.GetElapsedTime(before, now) < TimeSpan.FromSeconds(1);
            stop.Cancel();
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        // A terminal that is closed.
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        bool interactive = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not "dumb";
        return VocoderCommand.Run(args, new Terminal(Console.Out, Console.Error, interactive, stop.Token)
        {
            TypedInput = !Console.IsInputRedirected, OutputIsScreen = !Console.IsOutputRedirected,
        });
    }
}
