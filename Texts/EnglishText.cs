using System.Text;
using System.Text.RegularExpressions;

namespace FlowVocoder.Texts;

/// <summary>
/// English as it is said, by the steps of Flowtron's text package in their order: white space, hyphens within words, times, numbers, "no." before a number,
/// acronyms. Capitals stay. What stands in braces already is left as it is.
/// </summary>
internal static partial class EnglishText
{
    // What is written in other characters than those of the table: curly quotes, and letters with their accents apart.
    private static readonly (string Written, string Symbol)[] s_written =
    [
        ("’", "'"), ("‘", "'"), ("“", "\""), ("”", "\""), ("a\u0301", "á"), ("c\u0327", "ç"), ("e\u0301", "é"), ("e\u0302", "ê"), ("e\u0308", "ë"),
        ("n\u0303", "ñ"), ("o\u0308", "ö"), ("c\u0301", "ć"),
        ("z\u030C", "ž"),
    ];

    /// <summary>A text for reading; acronyms become phones in braces, those of the dictionary where it has them, else those of their letters.</summary>
    public static string Clean(string text, PronunciationDictionary? dictionary)
    {
        foreach (var (written, symbol) in s_written) text = text.Replace(written, symbol, StringComparison.Ordinal);
        text = Space().Replace(text, " ").Trim();
        var cleaned = new StringBuilder();
        int from = 0;
        foreach (Match braces in Braces().Matches(text))
        {
            cleaned.Append(Expand(text[from..braces.Index], dictionary)).Append(braces.ValueSpan);
            from = braces.Index + braces.Length;
        }
        return cleaned.Append(Expand(text[from..], dictionary)).ToString();
    }

    private static string Expand(string text, PronunciationDictionary? dictionary)
    {
        text = Abbreviation().Replace(Hyphen().Replace(text, " "), "number ");
        text = SpokenNumbers.Expand(SpokenTimes.Expand(text));
        return Acronym().Replace(text, acronym => Phones(acronym.Value.Replace(".", "", StringComparison.Ordinal), dictionary));
    }

    private static string Phones(string acronym, PronunciationDictionary? dictionary)
    {
        if (dictionary?.Find(acronym) is { } known) return $"{{{known}}}";
        // An s behind it is no letter but a plural.
        string plural = acronym[^1] == 's' ? " Z" : "", letters = acronym.TrimEnd('s');
        return string.Join(' ', letters.Select((letter, i) => $"{{{Arpabet.NameOf(letter)}{(i == letters.Length - 1 ? plural : "")}}}"));
    }

    [GeneratedRegex(@"\{[^{}]*\}")]
    private static partial Regex Braces();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();

    [GeneratedRegex(@"(?<=\w)-(?=\w)")]
    private static partial Regex Hyphen();

    [GeneratedRegex(@"\bno\.\s*(?=[0-9])", RegexOptions.IgnoreCase)]
    private static partial Regex Abbreviation();

    [GeneratedRegex(@"(?<![A-Za-z])(?:[A-Z]{2,}s?(?![A-Za-z])|[A-Z]\.(?:[A-Z]\.)+s?)")]
    private static partial Regex Acronym();
}
