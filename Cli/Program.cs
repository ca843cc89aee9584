using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FlowVocoder.Cli;

internal static class Program
{
    private static int Main(string[] args)
    {
        using var stop = new CancellationTokenSource();
        long first = 0;
        int ended = VocoderCommand.Interrupted;
        void Stop(PosixSignalContext signal)
        {
            // The first asks to tidy up and end; one that comes later ends at once. Some senders signal process and group, so that it comes twice.
            long now = Stopwatch.GetTimestamp(), before = Interlocked.CompareExchange(ref first, now, 0);
            // 128 and the number of the signal, as programs end that do not handle it.
            if (before == 0) ended = signal.Signal switch { PosixSignal.SIGTERM => 143, PosixSignal.SIGHUP => 129, _ => VocoderCommand.Interrupted };
            signal.Cancel = before == 0 || Stopwatch.GetElapsedTime(before, now) < TimeSpan.FromSeconds(1);
            stop.Cancel();
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        // A terminal that is closed.
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        bool draws = Environment.GetEnvironmentVariable("TERM") is not "dumb", closed = ClosedStreams.IsClosed(1);
        // Who closes a stream wants no report.
        TextWriter output = closed ? TextWriter.Null : new ReportWriter(Console.Out, Pipes.OutputName);
        TextWriter error = ClosedStreams.IsClosed(2) ? TextWriter.Null : new ReportWriter(Console.Error, null);
        int code = VocoderCommand.Run(args, new Terminal(output, error, draws && !closed && !Console.IsOutputRedirected, stop.Token)
        {
            TypedInput = !Console.IsInputRedirected, OutputIsScreen = !Console.IsOutputRedirected, InputIsClosed = ClosedStreams.IsClosed(0), OutputIsClosed = closed,
            ErrorColumns = draws && !Console.IsErrorRedirected ? Columns : null,
        });
        return code == VocoderCommand.Interrupted ? ended : code;
    }

    private static int Columns()
    {
        const int Usual = 80;
        try
        {
            return Console.WindowWidth is > 0 and var width ? width : Usual;
        }
        catch (IOException)
        {
            return Usual;
        }
    }
}
