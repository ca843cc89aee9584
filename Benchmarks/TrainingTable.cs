namespace FlowVocoder.Benchmarks;

/// <summary>Training on engines side by side, as in <see cref="EngineTable"/>.</summary>
internal static class TrainingTable
{
    /// <summary>Measures and prints the table; the first row is that of the managed engine.</summary>
    public static void Print(IReadOnlyList<TrainingRow> rows, int steps, int rounds)
    {
        List<(double Step, double PeakMemory)>[] figures = [.. rows.Select(_ => new List<(double, double)>())];
        for (int round = 0; round < rounds; round++)
            for (int i = 0; i < rows.Count; i++) figures[i].Add(rows[i].Measure(steps));
        _ = new MarkdownTable("training of the default compact voice", "step, s", "steps a second", "over managed", "memory, MiB");
        for (int i = 0; i < rows.Count; i++)
        {
            double step = Clock.Median(figures[i].Select(f => f.Step)),
                over = Clock.Median(figures[i].Zip(figures[0], (own, first) => own.Step / first.Step));
            TrainingRow row = rows[i];
            MarkdownTable.Row($"{EngineTable.Computes(row.Engine, row.Device, row.Precision)}", $"{step:0.000}", $"{1 / step:0.00}", $"{over:0.00} ×",
                $"{Clock.Median(figures[i].Select(f => f.PeakMemory)):0}");
        }
    }
}
