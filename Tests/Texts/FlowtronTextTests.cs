using System.Text.Json;
using System.Text.RegularExpressions;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Models;
using FlowVocoder.Texts;

namespace FlowVocoder.Tests.Texts;

/// <summary>Texts and their symbols' numbers, against what the published package makes of them.</summary>
public sealed class FlowtronTextTests : IDisposable
{
    // Of the published dictionary: acronyms, and words that are ambiguous there and so are left as they are.
    private const string Known = """
        ;;; a comment
        USA  Y UW1 EH1 S EY1
        NASA  N AE1 S AH0
        PM  P IY1 EH1 M
        HELLO  HH AH0 L OW1
        HELLO(1)  HH EH0 L OW1
        THE  DH AH0
        THE(1)  DH AH1
        THE(2)  DH IY0

        """;

    private readonly TempFolder _folder = new();

    private static JsonElement Facts => new PublishedVectors("flowtron_tiny").Json("text_facts.json");

    public void Dispose() => _folder.Dispose();

    private static int[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(n => n.GetInt32())];

    // The words that the published examples have phones of.
    private PronunciationDictionary Dictionary(string more = "")
    {
        static string[] Words(string text) => [.. Regex.Matches(text, @"\S*\{.*?\}\S*|\S+").Select(m => m.Value)];
        var lines = Facts.GetProperty("examples").EnumerateArray()
            .SelectMany(e => Words(e.GetProperty("cleaned").GetString()!).Zip(Words(e.GetProperty("all_arpabet").GetString()!)))
            .Where(pair => !pair.First.Contains('{') && pair.Second.Contains('{'))
                .Select(pair => $"{pair.First.Trim('(', ')', ',', '.', '!', ';').ToUpperInvariant()}  {Regex.Match(pair.Second, @"\{(.*)\}").Groups[1]}");
        File.WriteAllText(_folder["cmudict"], Known + more + string.Join('\n', lines.Distinct()));
        return PronunciationDictionary.Read(_folder["cmudict"]);
    }

    [Fact]
    public void The_symbols_are_those_of_the_published_table()
    {
        string[] expected = [.. Facts.GetProperty("symbols").EnumerateArray().Select(s => s.GetString()!)];
        Assert.Equal(185, FlowtronSymbols.Count);
        Assert.Equal(expected, Enumerable.Range(0, FlowtronSymbols.Count).Select(i => i > 100 ? "@" + FlowtronSymbols.Name(i) : FlowtronSymbols.Name(i)));
    }

    // The sixth shows what the published cleaners do to braces, which stay whole here.
    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(6), InlineData(7)]
    public void Texts_become_the_published_words_and_numbers(int index)
    {
        JsonElement example = Facts.GetProperty("examples")[index];
        string text = example.GetProperty("text").GetString()!;
        PronunciationDictionary dictionary = Dictionary();
        FlowtronText plain = FlowtronText.Read(text, dictionary, share: 0), whole = FlowtronText.Read(text, dictionary);
        Assert.Equal(example.GetProperty("cleaned").GetString(), plain.Spoken);
        Assert.Equal(Numbers(example.GetProperty("ids")), plain.Symbols);
        Assert.Equal(example.GetProperty("all_arpabet").GetString(), whole.Spoken);
        Assert.Equal(Numbers(example.GetProperty("all_arpabet_ids")), whole.Symbols);
    }

    [Fact]
    public void Phones_in_braces_stay_as_they_are_written()
    {
        string[] table = [.. Facts.GetProperty("symbols").EnumerateArray().Select(s => s.GetString()!)];
        string[] names = [.. "Turn left on ".Select(c => c.ToString()), "@HH", "@AW1", "@S", "@S", "@T", "@AH0", "@N", .. " Street.".Select(c => c.ToString())];
        Assert.Equal(names.Select(name => Array.IndexOf(table, name)), FlowtronText.Read("Turn left on {HH AW1 S S T AH0 N} Street.").Symbols);
    }

    [Theory]
    [InlineData("0", "zero"), InlineData("7", "seven"), InlineData("45 and 123456", "forty five and one hundred twenty three thousand four hundred fifty six"),
        InlineData("1,000,000", "one million")]
    [InlineData("1, 2,3", "one, two,three"), InlineData("12345678901234567890",
        "one two three four five six seven eight nine zero one two three four five six seven eight nine zero")]
    [InlineData("1st 2nd 3rd 12th 20th 101st", "first second third twelfth twentieth one hundred and first"), InlineData(
        "in 1999, 1905, 1900, 2000, 2001, 2010", "in nineteen ninety nine, nineteen oh five, nineteen hundred, two thousand, two thousand one, twenty ten")]
    [InlineData("the 1980s and 1980's", "the nineteen eighties and nineteen eighties"), InlineData("3.14 0.05", "three point one four zero point zero five")]
    [InlineData("$1 $2.50 $.99 $1.01 $0", "one dollar two dollars, fifty cents ninety-nine cents one dollar, one cent zero dollars"),
        InlineData("$3.5 million.", "three point five million dollars.")]
    [InlineData("It cost $5.", "It cost five dollars."), InlineData("£20 £1.50 €3", "twenty pounds one pound, fifty pence three euros"),
        InlineData("72 F, 5k, 2.5 k, 45kg", "seventy-two fahrenheit, five thousand, two point five thousand, forty fivekg")]
    [InlineData("10:30 8:00 14:00 10:05", "ten thirty eight o'clock fourteen hundred ten oh five"),
        InlineData("7:15 a.m. tea", "seven fifteen {EY1} {EH1 M} tea"), InlineData("9 PM", "nine {P IY1} {EH1 M}")]
    [InlineData("no. 5, I said no. Then", "number five, I said no. Then"), InlineData("CDs", "{S IY1} {D IY1 Z}"),
        InlineData("the U.K.", "the {Y UW1} {K EY1}"), InlineData("a  \t well-known\nman’s “x”", "a well known man's \"x\"")]
    [InlineData("cafe\u0301 -5", "café -five")]
    public void English_is_written_as_it_is_said(string text, string expected) => Assert.Equal(expected, FlowtronText.Read(text).Spoken);

    [Fact]
    public void Words_with_one_pronunciation_are_looked_up_with_what_stands_around_them()
    {
        PronunciationDictionary dictionary = Dictionary("dog D AO1 G # as the newer format has it\nREAD  R EH1 D\n");
        Assert.Equal("hello ({D AO1 G})! {D AO1 G Z}, {R EH1 D} xyzzy", FlowtronText.Read("hello (dog)! dog's, read xyzzy", dictionary).Spoken);
        File.WriteAllText(_folder["heteronyms"], "read\n");
        Assert.Equal("read", FlowtronText.Read("read", PronunciationDictionary.Read(_folder["cmudict"])).Spoken);
        // A share of the words, the same for the same seed.
        string text = string.Join(' ', Enumerable.Repeat("dog", 400));
        string half = FlowtronText.Read(text, dictionary, 0.5, seed: 3).Spoken;
        Assert.Equal(half, FlowtronText.Read(text, dictionary, 0.5, seed: 3).Spoken);
        Assert.InRange(half.Count(c => c == '{'), 150, 250);
        Assert.NotEqual(half, FlowtronText.Read(text, dictionary, 0.5, seed: 4).Spoken);
    }

    [Fact]
    public void What_is_no_symbol_is_left_out_and_told_and_what_is_no_phone_is_refused()
    {
        FlowtronText read = FlowtronText.Read("na\u00EFve_ caf\u00E9… ïo");
        Assert.Equal(("ï_…", "nave café o".Length), (read.LeftOut, read.Symbols.Count));
        static string Refused(string text) => Assert.Throws<VocoderException>(() => FlowtronText.Read(text)).Message;
        Assert.StartsWith("found 'XX' in braces, expected phones of ARPAbet, which are AA, AE,", Refused("{HH XX}"), StringComparison.Ordinal);
        Assert.Equal("found a brace without its partner in the text, at '{HH AH0', expected phones as {HH AH0 L OW1}", Refused("a {HH AH0"));
        Assert.StartsWith("found a brace without its partner in the text, at '}", Refused("a} b"), StringComparison.Ordinal);
        foreach (string nothing in (string[])["", "  \n", "…"]) Assert.Equal("the text is empty, expected words", Refused(nothing));
        File.WriteAllText(_folder["other"], "no dictionary at all\n");
        Assert.EndsWith("other: found no words with their phones, expected a dictionary as cmudict",
            Assert.Throws<VocoderException>(() => PronunciationDictionary.Read(_folder["other"])).Message, StringComparison.Ordinal);
        Assert.EndsWith("none: no such file", Assert.Throws<VocoderException>(() => PronunciationDictionary.Read(_folder["none"])).Message,
            StringComparison.Ordinal);
    }
}
