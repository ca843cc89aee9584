using System.Globalization;
using FlowVocoder.Training;
using Spectre.Console;

namespace FlowVocoder.Cli;

/// <summary>Shows a run: lines for logs and pipes, bars for people who watch.</summary>
internal static class TrainingDisplay
{
    public static void Run(Terminal terminal, Action<Action<int, int>, Action<TrainingReport>> train)
    {
        if (terminal.Interactive) Watched(train);
        else Lines(terminal, train);
    }

    private static void Lines(Terminal terminal, Action<Action<int, int>, Action<TrainingReport>> train)
    {
        train((done, all) =>
        {
            // Called from several threads; the last one says it.
            if (done == all) terminal.Say($"read {all} recordings");
        },
        report => terminal.Out.WriteLine(Line(report)));
    }

    private static void Watched(Action<Action<int, int>, Action<TrainingReport>> train) => AnsiConsole.Progress()
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
                steps.Description = Markup.Escape(Line(report));
                // What was measured on held-out clips stays on the screen.
                if (report.ValidNats != null) AnsiConsole.MarkupLineInterpolated($"{Line(report)}");
            });
        });

    /// <summary>One line about a stretch of steps.</summary>
    public static string Line(TrainingReport report)
    {
        string valid = report.ValidNats is { } nats ? string.Create(CultureInfo.InvariantCulture, $" valid {nats:0.0000}") : "";
        string pitch = report.PitchLoss == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"  pitch loss {report.PitchLoss:0.000}");
        string left = report.Left.TotalHours >= 100 ? "long" : string.Create(CultureInfo.InvariantCulture, $"{(int)report.Left.TotalHours}:{report.Left:mm\\:ss}");
        return string.Create(CultureInfo.InvariantCulture,
            $"step {report.Step}/{report.Steps}  nats per sample: train {report.NatsPerSample:0.0000}{valid}{pitch}  {1 / report.SecondsPerStep:0.00} steps/s  {report.AudioSecondsPerSecond:0.0} audio-s/s  left {left}  skipped {report.Skipped}");
    }
}
