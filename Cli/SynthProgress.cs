using Spectre.Console;

namespace FlowVocoder.Cli;

/// <summary>A bar over many mels, for people who watch.</summary>
internal static class SynthProgress
{
    public static void Run(IReadOnlyList<SynthJob> jobs, Func<SynthJob, Action<int>, string> speak) => AnsiConsole.Progress().Start(context =>
    {
        ProgressTask all = context.AddTask("speaking", maxValue: 100.0 * jobs.Count);
        for (int i = 0; i < jobs.Count; i++)
        {
            int done = 100 * i;
            all.Description = Markup.Escape(Path.GetFileName(jobs[i].Mel));
            string line = speak(jobs[i], percent => all.Value = done + percent);
            all.Value = done + 100;
            AnsiConsole.MarkupLineInterpolated($"{line}");
        }
        all.Description = "done";
    });
}
