using System.Globalization;
using System.Text;

namespace FlowVocoder.Cli;

/// <summary>Text that may come from a file of somebody else's, made fit for a terminal, which would obey the control characters in it.</summary>
internal static class Visible
{
    /// <summary>The text with control characters, lone surrogates and what turns the direction of writing round as \u escapes; ends of lines stay.</summary>
    public static string Text(string text)
    {
        if (!text.Any(IsHidden)) return text;
        var shown = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])) shown.Append(text, i++, 2);
            else if (IsHidden(text[i])) shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[i]:x4}");
            else shown.Append(text[i]);
        }
        return shown.ToString();
    }

    private static bool IsHidden(char c) => c != '\n' && (char.IsControl(c) || char.IsSurrogate(c) || CharUnicodeInfo.GetUnicodeCategory(c) is
        UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
