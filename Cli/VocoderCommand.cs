using System.CommandLine;
using System.CommandLine.Help;
using FlowVocoder.AudioIO;

namespace FlowVocoder.Cli;

/// <summary>The whole command. Here, and nowhere else, failures become one line and an exit code.</summary>
internal static class VocoderCommand
{
    public const int Success = 0, Failure = 1, WrongUsage = 2, Interrupted = 130, BrokenPipe = 141;

    // Each is made where it is asked for: to compile and set up all of them takes 24 ms of the processor, for one 13.
    private static readonly (string Name, Func<Verb> Make)[] s_verbs =
    [
        ("synth", static () => new SynthVerb()),
        ("speak", static () => new SpeakVerb()),
        ("mel", static () => new MelVerb()),
        ("score", static () => new ScoreVerb()),
        ("encode", static () => new EncodeVerb()),
        ("decode", static () => new DecodeVerb()),
        ("morph", static () => new MorphVerb()),
        ("anomaly", static () => new AnomalyVerb()),
        ("train", static () => new TrainVerb()),
        ("distill", static () => new DistillVerb()),
        ("info", static () => new InfoVerb()),
        ("plot", static () => new PlotVerb()),
        ("evaluate", static () => new EvaluateVerb()),
        ("voices", static () => new VoicesVerb()),
        ("play", static () => new PlayVerb()),
        ("live", static () => new LiveVerb()),
        ("devices", static () => new DevicesVerb()),
        ("doctor", static () => new DoctorVerb()),
        ("demo", static () => new DemoVerb()),
        ("export", static () => new ExportVerb()),
        ("import", static () => new ImportVerb()),
        ("export-weights", static () => new ExportWeightsVerb()),
    ];

    public static int Run(string[] args, TextWriter output, TextWriter error, bool interactive = false, CancellationToken cancellation = default)
        => Run(args, new Terminal(output, error, interactive, cancellation));

    public static int Run(string[] args, Terminal terminal)
    {
        Engines.Register();
        try
        {
            return Invoke(args, terminal);
        }
        catch (Exception e)
        {
            return Report(e, terminal);
        }
    }

    private static int Invoke(string[] args, Terminal terminal)
    {
        // A file may well be called "@mel.npy": no response files.
        ParseResult parsed = NewRoot(Asked(args)).Parse(args.Length == 0 ? ["--help"] : args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        Command command = parsed.CommandResult.Command;
        if (parsed.Action is HelpWithExamples or PrintVersion or ListRecipes)
        {
            parsed.Invoke(new InvocationConfiguration { Output = terminal.Out, Error = terminal.Error, EnableDefaultExceptionHandler = false });
            return args.Length == 0 ? WrongUsage : Success;
        }
        if (parsed.Errors.Count > 0) throw new UsageException($"{parsed.Errors[0].Message.TrimEnd('.')}{Hint(command)}");
        if (command is not Verb verb) throw new UsageException($"found no verb{Hint(command)}");
        terminal.Cancellation.ThrowIfCancellationRequested();
        return Run(verb, parsed, terminal);
    }

    // The verb where it stands first, as nearly always.
    private static string? Asked(string[] args) => args.Length > 0 && s_verbs.Any(verb => verb.Name == args[0]) ? args[0] : null;

    // On a thread that can be left behind: reading a file that is a pipe without a writer, for example, cannot be interrupted.
    private static int Run(Verb verb, ParseResult parsed, Terminal terminal)
    {
        Task<int> work = Task.Run(() => verb.Run(parsed, terminal));
        try
        {
            Task.WaitAny([work], terminal.Cancellation);
        }
        catch (OperationCanceledException)
        {
            if (!((IAsyncResult)work).AsyncWaitHandle.WaitOne(verb.Patience)) throw;
        }
        return work.GetAwaiter().GetResult();
    }

    private static string Hint(Command command) => $"; see 'vocoder {(command is Verb ? command.Name + " " : "")}--help'";

    /// <summary>The command with all of its verbs, or with one of them.</summary>
    internal static RootCommand NewRoot(string? only = null)
    {
        var root = new RootCommand("Turns mel spectrograms into speech with a normalizing flow, and back.");
        foreach (var (name, make) in s_verbs)
            if (only == null || name == only) root.Add(make());
        foreach (Option option in root.Options)
        {
            if (option is HelpOption help) help.Action = new HelpWithExamples((HelpAction)help.Action!);
            if (option is VersionOption version) version.Action = new PrintVersion();
        }
        return root;
    }

    private static int Report(Exception e, Terminal terminal)
    {
        switch (e)
        {
            case OperationCanceledException:
                terminal.Error.WriteLine("vocoder: interrupted");
                return Interrupted;
            case BrokenPipeException:
                // As programs end that the system itself stops (128 + SIGPIPE): who closed the pipe knows why.
                return BrokenPipe;
            case UsageException:
                terminal.Error.WriteLine($"vocoder: {OneLine(e)}");
                return WrongUsage;
            case VocoderException or IOException or UnauthorizedAccessException:
                terminal.Error.WriteLine($"vocoder: {OneLine(e)}");
                return Failure;
            case AggregateException { InnerExceptions: [var first, ..] }:
                return Report(first, terminal);
            case OutOfMemoryException:
                terminal.Error.WriteLine($"vocoder: there is not enough memory: {OneLine(e)}");
                return Failure;
            default:
                terminal.Error.WriteLine($"vocoder: this should not have happened, please report it: {e.GetType().Name}: {OneLine(e)}");
                if (Environment.GetEnvironmentVariable("VOCODER_DEBUG") == "1") terminal.Error.WriteLine(e.StackTrace);
                return Failure;
        }
    }

    private static string OneLine(Exception e) => Visible.Text(e.Message.ReplaceLineEndings(" "));
}
