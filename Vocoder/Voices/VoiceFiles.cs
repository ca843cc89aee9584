namespace FlowVocoder.Voices;

/// <summary>What the readers of this folder share: opening files and quoting what a file says in an error.</summary>
internal static class VoiceFiles
{
    private const int LongestQuote = 80;

    public static FileStream OpenRead(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new VocoderException($"{path}: no such file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new VocoderException($"{path}: cannot be opened: {OneLine(e.Message)}", e);
        }
    }

    /// <summary>Quotes text from a file: one line, printable, of bounded length, whatever the file holds.</summary>
    public static string Quote(string text) => $"'{OneLine(text)}'";

    public static string OneLine(string text)
    {
        string part = text.Length <= LongestQuote ? text : text[..LongestQuote] + "…";
        return string.Concat(part.Select(c => char.IsControl(c) || char.IsSurrogate(c) || c is '\u2028' or '\u2029' ? '?' : c));
    }

    /// <summary>The first few names and how many more there are.</summary>
    public static string FirstFew(IReadOnlyCollection<string> names)
    {
        const int shown = 3;
        string list = string.Join(", ", names.Take(shown).Select(Quote));
        return names.Count <= shown ? list : $"{list} and {names.Count - shown} more";
    }
}
