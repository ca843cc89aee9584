using System.Globalization;
using System.Text;

namespace FlowVocoder.Training.Evaluation;

/// <summary>The scores of a group of clips: means over the clips, voicing and pitch over all their frames together.</summary>
/// <param name="Name">A speaker, or "all".</param>
/// <param name="Clips">Number of clips.</param>
/// <param name="Seconds">Their length together.</param>
/// <param name="LogMelL1">Mean in nats.</param>
/// <param name="StftDistance">Mean.</param>
/// <param name="Stoi">Mean over the clips that are long enough for it.</param>
/// <param name="ExtendedStoi">The same for ESTOI.</param>
/// <param name="Voicing">Pooled.</param>
public sealed record EvaluationRow(
    string Name, int Clips, double Seconds, double LogMelL1, double StftDistance, double Stoi, double ExtendedStoi, VoicingScores Voicing)
{
    /// <summary>Summarises the clips of a group.</summary>
    public static EvaluationRow Of(string name, IReadOnlyCollection<ClipScores> clips) => new(
        name, clips.Count, clips.Sum(c => c.Seconds), Mean(clips, c => c.LogMelL1), Mean(clips, c => c.StftDistance),
        Mean(clips, c => c.Intelligibility.Stoi), Mean(clips, c => c.Intelligibility.Extended),
        VoicingScores.Pool([.. clips.Select(c => c.Voicing)]));

    private static double Mean(IEnumerable<ClipScores> clips, Func<ClipScores, double> score) =>
        clips.Select(score).Where(s => !double.IsNaN(s)).DefaultIfEmpty(double.NaN).Average();
}

/// <summary>Collects the scores of clips and shows them by speaker. Safe for use by several threads; the result does not depend on the order
/// in which clips arrive.</summary>
public sealed class EvaluationTable
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<(string Speaker, string Clip), ClipScores> _scores = [];

    /// <summary>Adds a clip.</summary>
    /// <exception cref="ArgumentException">The speaker has a clip of that name already.</exception>
    public void Add(string speaker, string clip, ClipScores scores)
    {
        lock (_lock) _scores.Add((speaker, clip), scores);
    }

    /// <summary>One row a speaker, by name, and the last over all clips; empty without clips.</summary>
    public IReadOnlyList<EvaluationRow> Rows()
    {
        lock (_lock)
        {
            if (_scores.Count == 0) return [];
            var speakers = _scores.GroupBy(s => s.Key.Speaker, s => s.Value).Select(g => EvaluationRow.Of(g.Key, [.. g]));
            return [.. speakers, EvaluationRow.Of("all", _scores.Values)];
        }
    }

    /// <summary>The rows as a Markdown table; a score that does not exist is a dash.</summary>
    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append("| speaker | clips | seconds | log-mel L1 | M-STFT | STOI | ESTOI | V/UV F1 | F0 error, cents | F0 within 50 cents |\n");
        text.Append("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        foreach (EvaluationRow row in Rows())
        {
            string[] cells =
            [
                row.Name, row.Clips.ToString(CultureInfo.InvariantCulture), Cell(row.Seconds, "F1"), Cell(row.LogMelL1, "F3"),
                Cell(row.StftDistance, "F3"), Cell(row.Stoi, "F3"), Cell(row.ExtendedStoi, "F3"), Cell(row.Voicing.F1, "F3"),
                Cell(row.Voicing.MedianCents, "F1"), Cell(row.Voicing.Within50Cents * 100, "F1", " %"),
            ];
            text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
        }
        return text.ToString();
    }

    private static string Cell(double value, string format, string unit = "") =>
        double.IsNaN(value) ? "–" : value.ToString(format, CultureInfo.InvariantCulture) + unit;
}
