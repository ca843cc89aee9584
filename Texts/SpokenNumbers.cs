using System.Globalization;
using System.Text.RegularExpressions;
using Humanizer;

namespace FlowVocoder.Texts;

/// <summary>
/// Numbers as they are said in English: cardinals, ordinals, decimals, amounts of money, degrees, and from 1001 to 2999 as years are ("nineteen ninety nine"),
/// the rules of Flowtron's text package. Words of cardinals are Humanizer's.
/// </summary>
internal static partial class SpokenNumbers
{
    // What a long holds.
    private const int MaxDigits = 18;
    private static readonly CultureInfo s_english = CultureInfo.InvariantCulture;

    private static readonly Dictionary<char, (string One, string Many, string Part, string Parts)> s_currencies = new()
    {
        ['$'] = ("dollar", "dollars", "cent", "cents"), ['£'] = ("pound", "pounds", "penny", "pence"), ['€'] = ("euro", "euros", "cent", "cents"),
    };

    public static string Expand(string text)
    {
        text = Thousands().Replace(text, number => number.Value.Replace(",", "", StringComparison.Ordinal));
        text = Money().Replace(text, OfMoney);
        text = Measured().Replace(text, amount => $"{Amount(amount.Groups[1], amount.Groups[2])} {Unit(amount.Groups[3].ValueSpan[0])}");
        text = Fraction().Replace(text, number => Decimal(number.Groups[1].Value, number.Groups[2].Value));
        text = Ordinals().Replace(text, number => Ordinal(number.Groups[1].Value));
        return Integers().Replace(text, number => number.Groups[2].Success ? Plural(Integer(number.Groups[1].Value)) : Integer(number.Groups[1].Value));
    }

    private static string OfMoney(Match amount)
    {
        var (one, many, part, parts) = s_currencies[amount.ValueSpan[0]];
        string whole = amount.Groups[1].Value, fraction = amount.Groups[2].Value, scale = amount.Groups[3].Value;
        // The number itself is said afterwards.
        if (scale.Length > 0 || fraction.Length is not (0 or 2))
            return $"{(whole.Length == 0 ? "0" : whole)}{(fraction.Length == 0 ? "" : $".{fraction}")}{scale} {many}";
        string units = whole.TrimStart('0'), cents = fraction.TrimStart('0');
        string large = $"{Cardinal(units)} {(units == "1" ? one : many)}", small = $"{Cardinal(cents)} {(cents == "1" ? part : parts)}";
        return cents.Length == 0 ? large : units.Length == 0 ? small : $"{large}, {small}";
    }

    private static string Amount(Group whole, Group fraction) => fraction.Success ? Decimal(whole.Value, fraction.Value) : Cardinal(whole.Value);

    private static string Unit(char letter) =>
        char.ToLowerInvariant(letter) switch { 'f' => "fahrenheit", 'c' => "celsius", 'k' => "thousand", var other => other.ToString() };

    private static string Decimal(string whole, string fraction) => $"{Integer(whole)} point {Digits(fraction)}";

    private static string Digits(string digits) => string.Join(' ', digits.Select(digit => (digit - '0').ToWords(s_english)));

    // "one hundred and twenty-three".
    private static string Cardinal(string digits) => digits.Length > MaxDigits ? Digits(digits) : Value(digits).ToWords(s_english);

    private static long Value(string digits) => digits.Length == 0 ? 0 : long.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);

    private static string Ordinal(string digits)
    {
        if (digits.Length > MaxDigits || Value(digits) > int.MaxValue) return $"{Cardinal(digits)}th";
        string words = ((int)Value(digits)).ToOrdinalWords(s_english);
        // Humanizer says "hundred and first".
        return words.StartsWith("hundred", StringComparison.Ordinal) || words.StartsWith("thousand", StringComparison.Ordinal) ? $"one {words}" : words;
    }

    // Neither "and" nor hyphens.
    private static string Integer(string digits)
    {
        if (digits.Length > MaxDigits) return Digits(digits);
        long value = Value(digits);
        string words = value is > 1000 and < 3000 and not 2000 ? Year((int)value) : value.ToWords(s_english);
        return words.Replace(" and ", " ", StringComparison.Ordinal).Replace('-', ' ');
    }

    private static string Year(int year)
    {
        int century = year / 100, rest = year % 100;
        if (rest == 0) return $"{century.ToWords(s_english)} hundred";
        if (year is > 2000 and < 2010) return $"two thousand {rest.ToWords(s_english)}";
        return $"{century.ToWords(s_english)} {(rest < 10 ? "oh " : "")}{rest.ToWords(s_english)}";
    }

    private static string Plural(string words) => words[^1] switch { 'y' => $"{words[..^1]}ies", 'x' => $"{words}es", _ => $"{words}s" };

    [GeneratedRegex("(?<![0-9,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9]|,[0-9])")]
    private static partial Regex Thousands();

    [GeneratedRegex(@"[$£€](?=\.?[0-9])([0-9]*)(?:\.([0-9]+))?( (?:hundred|thousand|million|billion|trillion)\b)?", RegexOptions.IgnoreCase)]
    private static partial Regex Money();

    [GeneratedRegex(@"([0-9]+)(?:\.([0-9]+))?\s?([fckd])\b", RegexOptions.IgnoreCase)]
    private static partial Regex Measured();

    [GeneratedRegex(@"([0-9]+)\.([0-9]+)")]
    private static partial Regex Fraction();

    [GeneratedRegex(@"([0-9]+)(?:st|nd|rd|th)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Ordinals();

    [GeneratedRegex(@"([0-9]+)('?s\b)?")]
    private static partial Regex Integers();
}
