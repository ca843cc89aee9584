using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FlowVocoder.Cli;

internal static class Program
{
    // Windows itself waits for five.
    private static readonly TimeSpan s_mostTidying = TimeSpan.FromSeconds(4);

    private static int Main(string[] args)
    {
        using var console = Utf8Console.Set();
        using var stop = new CancellationTokenSource();
        long first = 0;
        int ended = VocoderCommand.Interrupted;
        var tidied = new ManualResetEventSlim();
        void Stop(PosixSignalContext signal)
        {
            // The first asks to tidy up and end; one that comes later ends at once. Some senders signal process and group, so that it comes twice.
            long now = Stopwatch.GetTimestamp(), before = Interlocked.CompareExchange(ref first, now, 0);
            // 128 and the number of the signal, as programs end that do not handle it.
            if (before == 0) ended = signal.Signal switch { PosixSignal.SIGTERM => 143, PosixSignal.SIGHUP => 129, _ => VocoderCommand.Interrupted };
            signal.Cancel = before == 0 || Stopwatch.GetElapsedTime(before, now) < TimeSpan.FromSeconds(1);
            stop.Cancel();
            // Windows ends a program whose window is closed as soon as this returns.
            if (OperatingSystem.IsWindows() && signal.Signal is PosixSignal.SIGHUP or PosixSignal.SIGTERM) tidied.Wait(s_mostTidying);
        }
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        // Ctrl-Break; on Unix the key of this signal asks for a core dump.
        using var stopped = OperatingSystem.IsWindows() ? PosixSignalRegistration.Create(PosixSignal.SIGQUIT, Stop) : null;
        // A terminal that is closed.
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        bool draws = Environment.GetEnvironmentVariable("TERM") is not "dumb", closed = ClosedStreams.IsClosed(1);
        // Who closes a stream wants no report.
        TextWriter output = closed ? TextWriter.Null : new ReportWriter(Console.Out, Pipes.OutputName);
        TextWriter error = ClosedStreams.IsClosed(2) ? TextWriter.Null : new ReportWriter(Console.Error, null);
        int code = VocoderCommand.Run(args, new Terminal(output, error, draws && !closed && !Console.IsOutputRedirected, stop.Token)
        {
            TypedInput = !Console.IsInputRedirected, OutputIsScreen = !Console.IsOutputRedirected, InputIsClosed = ClosedStreams.IsClosed(0),
            OutputIsClosed = closed,
            ErrorColumns = draws && !Console.IsErrorRedirected ? Columns : null,
        });
        tidied.Set();
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
