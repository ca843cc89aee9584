using System.Text.RegularExpressions;
using FlowVocoder.Compute;

namespace FlowVocoder.Texts;

/// <summary>An English text as a published Flowtron reads it.</summary>
/// <param name="Spoken">The text with numbers and acronyms as they are said, and phones of ARPAbet in braces.</param>
/// <param name="Symbols">Numbers of <see cref="FlowtronSymbols"/>.</param>
/// <param name="LeftOut">Characters that are no symbols and were left out, each once.</param>
public sealed partial record FlowtronText(string Spoken, IReadOnlyList<int> Symbols, string LeftOut)
{
    private const uint Words = 0x9000_0000;

    /// <summary>Reads a text.</summary>
    /// <param name="text">English; phones may stand in braces, "{HH AH0 L OW1}".</param>
    /// <param name="dictionary">Where words become phones; null leaves them as they are.</param>
    /// <param name="share">The share of words that are looked up, from 0 to 1, p_arpabet of the published configuration. The default value is 1.</param>
    /// <param name="seed">Tells which, where not all are.</param>
    /// <exception cref="VocoderException">Braces hold something else than phones, or no symbol is left.</exception>
    public static FlowtronText Read(string text, PronunciationDictionary? dictionary = null, double share = 1, ulong seed = 0)
    {
        // Braces are judged as they were written.
        FlowtronSymbols.NumbersOf(text, out _);
        string spoken = EnglishText.Clean(text, dictionary);
        if (dictionary != null)
        {
            var random = new Philox(seed);
            spoken = string.Join(' ', Word().Matches(spoken)
                .Select((word, i) => random.Uniform(Words, 0, i) < share ? WithPhones(word.Value, dictionary) : word.Value));
        }
        int[] symbols = FlowtronSymbols.NumbersOf(spoken, out string leftOut);
        return symbols.Length > 0 ? new FlowtronText(spoken, symbols, leftOut) : throw new VocoderException("the text is empty, expected words");
    }

    // Punctuation around a word stays around its phones; the s of a genitive is added to those of the word.
    private static string WithPhones(string word, PronunciationDictionary dictionary)
    {
        if (word.Contains('{', StringComparison.Ordinal)) return word;
        Match parts = Punctuated().Match(word);
        string bare = parts.Groups[2].Value;
        bool genitive = bare.Length > 2 && bare.EndsWith("'s", StringComparison.OrdinalIgnoreCase) && !bare.Equals("it's", StringComparison.OrdinalIgnoreCase);
        return dictionary.Find(genitive ? bare[..^2] : bare) is { } phones ? $"{parts.Groups[1]}{{{phones}{(genitive ? " Z" : "")}}}{parts.Groups[3]}" : word;
    }

    // What has braces in it is one word, whatever spaces they hold.
    [GeneratedRegex(@"\S*\{.*?\}\S*|\S+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\A(\W*)(.*?)(\W*)\z")]
    private static partial Regex Punctuated();
}
