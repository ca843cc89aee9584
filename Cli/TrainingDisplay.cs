using System.Globalization;
using FlowVocoder.Training;
using Spectre.Console;

namespace FlowVocoder.Cli;

/// <summary>Shows a run: lines for logs and pipes, bars for people who watch.</summary>
internal static class TrainingDisplay
{
    public static void Run(Terminal terminal, Action<Action<int, int>, Action<TrainingReport>, Action<string>> train)
    {
        if (terminal.Interactive) Watched(train);
        else Lines(terminal, train);
    }

    private static void Lines(Terminal terminal, Action<Action<int, int>, Action<TrainingReport>, Action<string>> train)
    {
        train((done, all) =>
        {
            // Called from several threads; the last one says it.
            if (done == all) terminal.Say($"read {all} recordings");
        },
        report => terminal.Out.WriteLine(Line(report)),
        line => terminal.Say($"{line}"));
    }

    private static void Watched(Action<Action<int, int>, Action<TrainingReport>, Action<string>> train) => AnsiConsole.Progress()
        .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
        .Start(context =>
        {
            ProgressTask reading = context.AddTask("reading recordings");
            ProgressTask? steps = null;
            train((done, all) =>
            {
                reading.MaxValue = all;
                reading.Value = Math.Max(reading.Value, done);
            },
            report =>
            {
                steps ??= context.AddTask("training", maxValue: report.Steps);
                steps.Value = report.Step;
                // Short, so that the bar has room in 80 columns.
                string likelihood = report.Nats is { } nats ? string.Create(CultureInfo.InvariantCulture, $"{nats:0.000} nats, ") : "";
                steps.Description = string.Create(CultureInfo.InvariantCulture,
                    $"{likelihood}{report.AudioSecondsPerSecond:0.0} audio-s/s, left {Left(report)}");
                // What was measured on held-out clips stays on the screen.
                if (report.HeldOutNats != null || report.ValidMatching != null) AnsiConsole.MarkupLineInterpolated($"{Line(report)}");
            },
            line => AnsiConsole.MarkupLineInterpolated($"{line}"));
        });

    /// <summary>One line about a stretch of steps.</summary>
    public static string Line(TrainingReport report)
    {
        string kind = report.IsDistillation ? "divergence, " : "";
        string train = report.Nats is { } now ? string.Create(CultureInfo.InvariantCulture, $" train {now:0.0000}") : "";
        string valid = report.HeldOutNats is { } nats ? string.Create(CultureInfo.InvariantCulture, $" valid {nats:0.0000}") : "";
        // A stretch may have neither.
        string measured = train.Length + valid.Length == 0 ? "" : $"  {kind}{report.Unit}:{train}{valid}";
        string found = report.Matching is { } error ? string.Create(CultureInfo.InvariantCulture, $"  matching error {error:0.0000}") : "";
        string held = report.ValidMatching is { } heldOut ? string.Create(CultureInfo.InvariantCulture, $" valid {heldOut:0.0000}") : "";
        string gate = report.Gate is { } open ? string.Create(CultureInfo.InvariantCulture, $"  gate {open:0.0000}") : "";
        string attention = report.Attention is { } read ? string.Create(CultureInfo.InvariantCulture, $"  attention {read:0.000}") : "";
        if (report.ValidAttention is { } heldRead) attention += string.Create(CultureInfo.InvariantCulture, $" valid {heldRead:0.000}");
        string mel = report.MelLoss == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"  mel {report.MelLoss:0.000}");
        string pitch = report.PitchLoss == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"  pitch loss {report.PitchLoss:0.000}");
        return string.Create(CultureInfo.InvariantCulture,
            $"step {report.Step}/{report.Steps}{measured}{found}{held}{gate}{attention}{mel}{pitch}  "
            + $"{(report.SecondsPerStep > 0 ? 1 / report.SecondsPerStep : 0):0.00} steps/s  "
            + $"{report.AudioSecondsPerSecond:0.0} audio-s/s  left {Left(report)}  skipped {report.Skipped}");
    }

    private static string Left(TrainingReport report) =>
        string.Create(CultureInfo.InvariantCulture, $"{(int)report.Left.TotalHours}:{report.Left:mm\\:ss}");
}
