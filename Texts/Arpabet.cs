using System.Collections.Frozen;

namespace FlowVocoder.Texts;

/// <summary>
/// The phones of ARPAbet as the dictionary of Carnegie Mellon University writes them, vowels with a stress of 0 (none), 1 (primary) or 2 (secondary), or
/// without one.
/// </summary>
internal static class Arpabet
{
    private static readonly string[] s_phones =
    [
        "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P",
        "R", "S", "SH", "T", "TH", "UH", "UW",
        "V", "W", "Y", "Z", "ZH",
    ];

    private static readonly FrozenSet<string> s_known = All.ToFrozenSet(StringComparer.Ordinal);

    // How the letters A to Z are called.
    private static readonly string[] s_letters =
    [
        "EY1", "B IY1", "S IY1", "D IY1", "IY1", "EH1 F", "JH IY1", "EY1 CH", "AY1", "JH EY1", "K EY1", "EH1 L", "EH1 M", "EH1 N", "OW1", "P IY1", "K Y UW1",
        "AA1 R", "EH1 S", "T IY1", "Y UW1",
        "V IY1", "D AH1 B AH0 L Y UW0", "EH1 K S", "W AY1", "Z IY1",
    ];

    /// <summary>All 84, in alphabetical order.</summary>
    public static IEnumerable<string> All =>
        s_phones.SelectMany(phone => "AEIOU".Contains(phone[0]) ? [phone, $"{phone}0", $"{phone}1", $"{phone}2"] : (string[])[phone]);

    /// <summary>Whether it is one of them.</summary>
    public static bool IsPhone(string text) => s_known.Contains(text);

    /// <summary>The name of a letter, A to Z.</summary>
    public static string NameOf(char letter) => s_letters[letter - 'A'];
}
