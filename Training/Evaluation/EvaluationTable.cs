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
/// <param name="Bands">Means; samples beyond full scale are those of all clips.</param>
public sealed record EvaluationRow(
    string Name, int Clips, double Seconds, double LogMelL1, double StftDistance, double Stoi, double ExtendedStoi, VoicingScores Voicing, BandScores Bands)
{
    /// <summary>Summarises the clips of a group.</summary>
    public static EvaluationRow Of(string name, IReadOnlyCollection<ClipScores> clips) => new(
        name, clips.Count, clips.Sum(c => c.Seconds), Mean(clips, c => c.LogMelL1), Mean(clips, c => c.StftDistance),
        Mean(clips, c => c.Intelligibility.Stoi), Mean(clips, c => c.Intelligibility.Extended),
        VoicingScores.Pool([.. clips.Select(c => c.Voicing)]),
        new BandScores(Mean(clips, c => c.Bands.LowMelL1), [.. BandMeasures.PeriodicityBands.Select((_, i) => Mean(clips, c => c.Bands.Periodicity[i]))],
            Mean(clips, c => c.Bands.LevelError), Mean(clips, c => c.Bands.LevelScatter), Mean(clips, c => c.Bands.HighModulation),
                clips.Sum(c => c.Bands.Beyond)));

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

    /// <summary>The rows as two Markdown tables, the second of single bands; a score that does not exist is a dash.</summary>
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
        text.Append('\n').Append("| speaker | log-mel L1 below 1 kHz |");
        foreach (var (from, to) in BandMeasures.PeriodicityBands) text.Append(CultureInfo.InvariantCulture, $" periodicity {from / 1000}–{to / 1000} kHz |");
        text.Append(" level 300–800 Hz, dB | its scatter, dB | modulation above 8 kHz | samples beyond full scale |\n");
        text.Append("|---|").Insert(text.Length, "---:|", BandMeasures.PeriodicityBands.Count + 5).Append('\n');
        foreach (EvaluationRow row in Rows())
        {
            BandScores bands = row.Bands;
            string[] cells =
            [
                row.Name, Cell(bands.LowMelL1, "F3"), .. bands.Periodicity.Select(p => Cell(p, "F2")), Cell(bands.LevelError, "+0.0;-0.0;0.0"),
                Cell(bands.LevelScatter, "F1"),
                Cell(bands.HighModulation, "F2"), bands.Beyond.ToString(CultureInfo.InvariantCulture),
            ];
            text.Append("| ").AppendJoin(" | ", cells).Append(" |\n");
        }
        return text.ToString();
    }

    private static string Cell(double value, string format, string unit = "") =>
        double.IsNaN(value) ? "–" : value.ToString(format, CultureInfo.InvariantCulture) + unit;
}
