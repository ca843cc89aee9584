using System.Globalization;

namespace FlowVocoder.Benchmarks;

/// <summary>A table for the README.</summary>
internal sealed class MarkdownTable
{
    /// <summary>Prints the head: the first column is text, the others are numbers.</summary>
    public MarkdownTable(params string[] columns)
    {
        Console.WriteLine($"| {string.Join(" | ", columns)} |");
        Console.WriteLine($"|---|{string.Concat(Enumerable.Repeat("---:|", columns.Length - 1))}");
    }

    /// <summary>Prints a row; each cell is formatted with the invariant culture.</summary>
    public static void Row(params FormattableString[] cells) =>
        Console.WriteLine($"| {string.Join(" | ", cells.Select(cell => cell.ToString(CultureInfo.InvariantCulture)))} |");
}
