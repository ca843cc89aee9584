using System.Text;

namespace FlowVocoder.Cli;

/// <summary>Columns lined up with spaces: readable in a terminal, a log and a pipe alike.</summary>
internal sealed class TextTable
{
    private readonly List<string[]> _rows = [];
    private readonly bool[] _right;

    /// <summary>A table with, for each column, whether it is aligned to the right.</summary>
    public TextTable(params bool[] right) => _right = right;

    public void Add(params string[] cells) => _rows.Add([.. cells.Select(cell => Visible.Text(cell.ReplaceLineEndings(" ")))]);

    /// <summary>Adds a name and a text with numbers as every program reads them.</summary>
    public void Row(string name, FormattableString value) => Add(name, FormattableString.Invariant(value));

    public override string ToString()
    {
        int[] widths = [.. _right.Select((_, c) => _rows.Max(r => r[c].Length))];
        var text = new StringBuilder();
        foreach (string[] row in _rows)
        {
            var line = new StringBuilder();
            for (int c = 0; c < row.Length; c++)
                line.Append(c == 0 ? "" : "  ").Append(_right[c] ? row[c].PadLeft(widths[c]) : row[c].PadRight(widths[c]));
            text.Append(line.ToString().TrimEnd()).Append('\n');
        }
        return text.ToString();
    }
}
