using System.Collections.Frozen;

namespace FlowVocoder.Texts;

/// <summary>
/// The 185 symbols that published Flowtrons read, in the order of their numbers: punctuation, signs, accented letters, digits, letters, and the phones of
/// ARPAbet, which a text has in braces, "{HH AH0 L OW1}". There is none for the end of a text.
/// </summary>
public static class FlowtronSymbols
{
    private const string Characters = "!'\",.:;? #%&*+-/[]()_@©°½—₩€$áçéêëñöøćž0123456789"
        + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    // Stands in the table, but the published code never gives it out.
    private const char Padding = '_';

    private static readonly FrozenDictionary<string, int> s_phones = Arpabet.All.Select((phone, i) => KeyValuePair.Create(phone, Characters.Length + i))
        .ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Number of symbols, 185.</summary>
    public static int Count { get; } = Characters.Length + s_phones.Count;

    /// <summary>The symbol of a number as it is written in a text, phones without their braces.</summary>
    /// <param name="number">0 to 184.</param>
    public static string Name(int number) => number < Characters.Length ? Characters[number].ToString() : Arpabet.All.ElementAt(number - Characters.Length);

    /// <summary>A text as numbers; characters that are no symbols are left out, as published.</summary>
    /// <param name="text">A text whose braces hold phones.</param>
    /// <param name="leftOut">What was left out, each character once.</param>
    /// <exception cref="VocoderException">Braces hold something else, or are not closed.</exception>
    public static int[] NumbersOf(string text, out string leftOut)
    {
        var numbers = new List<int>();
        var unknown = new List<char>();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] is '{' or '}')
            {
                int end = text.IndexOfAny(['{', '}'], i + 1);
                if (text[i] == '}' || end < 0 || text[end] != '}')
                    throw new VocoderException($"found a brace without its partner in the text, at '{Near(text, i)}', expected phones as {{HH AH0 L OW1}}");
                numbers.AddRange(text[(i + 1)..end].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(NumberOfPhone));
                i = end;
                continue;
            }
            int number = text[i] == Padding ? -1 : Characters.IndexOf(text[i], StringComparison.Ordinal);
            if (number >= 0) numbers.Add(number);
            else if (!unknown.Contains(text[i])) unknown.Add(text[i]);
        }
        leftOut = string.Concat(unknown);
        return [.. numbers];
    }

    private static int NumberOfPhone(string phone) => s_phones.TryGetValue(phone, out int number) ? number
        : throw new VocoderException($"found '{phone}' in braces, expected phones of ARPAbet, which are "
            + $"{string.Join(", ", Arpabet.All.Where(p => !char.IsDigit(p[^1])))}, vowels also with 0, 1 or 2 behind them");

    private static string Near(string text, int at) => text[at..Math.Min(text.Length, at + 20)];
}
