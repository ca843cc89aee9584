using System.Globalization;

namespace FlowVocoder.AudioIO;

/// <summary>
/// Parser for the header of an .npy file, a Python dictionary literal: <c>{'descr': '&lt;f4', 'fortran_order': False,
/// 'shape': (80, 173), }</c>. Keys in any order, either kind of quotes, any spaces, trailing commas.
/// </summary>
internal sealed class NpyDict
{
    private const int MaxDimensions = 64;

    private readonly string _text;
    private readonly string _name;
    private int _at;

    private NpyDict(string text, string name)
    {
        _text = text;
        _name = name;
    }

    /// <summary>NumPy's name of the type, or the source text of a record type (a list).</summary>
    public string Descr { get; private set; } = "";

    public bool FortranOrder { get; private set; }

    /// <summary>As found, possibly negative.</summary>
    public long[] Shape { get; private set; } = [];

    /// <exception cref="VocoderException">The text is no such dictionary; the message shows where it stops being one.</exception>
    public static NpyDict Parse(string text, string name)
    {
        var dict = new NpyDict(text, name);
        dict.ParseEntries();
        return dict;
    }

    private void ParseEntries()
    {
        bool descr = false, order = false, shape = false;
        Expect('{');
        while (!TryTake('}'))
        {
            int start = _at;
            string key = ParseString();
            Expect(':');
            bool isNew = key switch
            {
                "descr" => !descr && (descr = true),
                "fortran_order" => !order && (order = true),
                "shape" => !shape && (shape = true),
                _ => false,
            };
            if (!isNew)
                throw Error(start, "one each of 'descr', 'fortran_order' and 'shape'");
            if (key == "descr")
                Descr = ParseDescr();
            else if (key == "fortran_order")
                FortranOrder = ParseBool();
            else
                Shape = ParseTuple();
            if (!TryTake(','))
            {
                Expect('}');
                break;
            }
        }

        SkipSpace();
        if (_at < _text.Length)
            throw Error(_at, "nothing after the dictionary");
        if (!(descr && order && shape))
            throw Error(_at, $"'{(!descr ? "descr" : !order ? "fortran_order" : "shape")}' too");
    }

    private string ParseDescr()
    {
        SkipSpace();
        if (_at >= _text.Length || _text[_at] != '[')
            return ParseString();
        // A list describes records: all we need is its extent, to name it in the refusal.
        int start = _at;
        int depth = 0;
        do
        {
            if (_at >= _text.Length)
                throw Error(start, "a closed list");
            char c = _text[_at];
            if (c is '\'' or '"')
            {
                ParseString();
                continue;
            }

            depth += c == '[' ? 1 : c == ']' ? -1 : 0;
            _at++;
        }
        while (depth > 0);
        return _text[start.._at];
    }

    private string ParseString()
    {
        SkipSpace();
        int start = _at;
        if (_at >= _text.Length || _text[_at] is not ('\'' or '"'))
            throw Error(start, "a quoted string");
        int end = _text.IndexOf(_text[_at], _at + 1);
        if (end < 0)
            throw Error(start, "a closing quote");
        _at = end + 1;
        return _text[(start + 1)..end];
    }

    private bool ParseBool()
    {
        SkipSpace();
        foreach (bool value in (ReadOnlySpan<bool>)[true, false])
        {
            string word = value ? "True" : "False";
            if (string.CompareOrdinal(_text, _at, word, 0, word.Length) != 0)
                continue;
            _at += word.Length;
            return value;
        }

        throw Error(_at, "True or False");
    }

    private long[] ParseTuple()
    {
        var sizes = new List<long>();
        Expect('(');
        int start = _at;
        bool comma = true;
        while (!TryTake(')'))
        {
            if (!comma)
                throw Error(_at, "',' or ')'");
            sizes.Add(ParseInteger());
            comma = TryTake(',');
        }

        // (80) is a number in parentheses, not a tuple.
        if (sizes.Count == 1 && !comma)
            throw Error(start, "a tuple like (80,)");
        if (sizes.Count > MaxDimensions)
            throw Error(start, $"at most {MaxDimensions} dimensions");
        return [.. sizes];
    }

    private long ParseInteger()
    {
        SkipSpace();
        int start = _at;
        if (_at < _text.Length && _text[_at] is '-' or '+')
            _at++;
        while (_at < _text.Length && char.IsAsciiDigit(_text[_at]))
            _at++;
        if (!long.TryParse(_text.AsSpan(start, _at - start), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
            throw Error(start, "a 64-bit integer");
        // Python 2 wrote long integers as 80L.
        if (_at < _text.Length && _text[_at] == 'L')
            _at++;
        return value;
    }

    private void Expect(char c)
    {
        if (!TryTake(c))
            throw Error(_at, $"'{c}'");
    }

    private bool TryTake(char c)
    {
        SkipSpace();
        if (_at >= _text.Length || _text[_at] != c)
            return false;
        _at++;
        return true;
    }

    private void SkipSpace()
    {
        while (_at < _text.Length && _text[_at] is ' ' or '\t' or '\r' or '\n')
            _at++;
    }

    private VocoderException Error(int position, string expected)
    {
        const int shown = 24;
        string rest = _text[position..].Trim();
        string found = rest.Length == 0 ? "its end" : $"\"{Printable(rest[..Math.Min(shown, rest.Length)])}\"";
        return new VocoderException($"'{_name}' has a damaged .npy header: found {found} at character {position}, expected {expected}");
    }

    private static string Printable(string text) =>
        string.Create(text.Length, text, static (span, from) =>
        {
            for (int i = 0; i < span.Length; i++)
                span[i] = from[i] is >= ' ' and <= '~' ? from[i] : '?';
        });
}
