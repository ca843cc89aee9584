using System.Globalization;
using System.Text.RegularExpressions;

namespace FlowVocoder.Texts;

/// <summary>
/// Times of day as they are said: "10:05 pm" → "10 oh 5 PM", "8:00" → "8 o'clock". Numbers are said by <see cref="SpokenNumbers"/> afterwards.
/// </summary>
internal static partial class SpokenTimes
{
    public static string Expand(string text) => Clock().Replace(Half().Replace(text, WithHalf), WithoutHalf);

    private static string WithHalf(Match time)
    {
        string half = char.ToUpperInvariant(time.Groups[3].ValueSpan[0]) == 'A' ? "AM" : "PM";
        return time.Groups[2].Success && time.Groups[2].Value != "00" ? $"{Number(time.Groups[1])} {Minutes(time.Groups[2])} {half}"
            : $"{Number(time.Groups[1])} {half}";
    }

    private static string WithoutHalf(Match time)
    {
        int hour = Number(time.Groups[1]);
        return time.Groups[2].Value == "00" ? $"{hour} {(hour is >= 1 and <= 12 ? "o'clock" : "hundred")}" : $"{hour} {Minutes(time.Groups[2])}";
    }

    private static string Minutes(Group minutes) => minutes.ValueSpan[0] == '0' ? $"oh {minutes.ValueSpan[1]}" : minutes.Value;

    private static int Number(Group digits) => int.Parse(digits.ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"\b([01]?[0-9]|2[0-3])(?::([0-5][0-9]))?\s*([aApP])(?:[mM]\b|\.[mM]\.)")]
    private static partial Regex Half();

    [GeneratedRegex(@"\b([01]?[0-9]|2[0-3]):([0-5][0-9])\b(?!:)")]
    private static partial Regex Clock();
}
