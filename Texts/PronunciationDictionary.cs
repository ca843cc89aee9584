using System.Text;
using System.Text.RegularExpressions;

namespace FlowVocoder.Texts;

/// <summary>
/// How words are pronounced, from a file in either format of the dictionary of Carnegie Mellon University (cmudict): a word and its phones on each line, a
/// number in parentheses behind a word that has several pronunciations. Such words are not looked up, because the spelling does not tell which is meant;
/// neither are those of a file "heteronyms" beside it, one a line, as Flowtron has it.
/// </summary>
public sealed partial class PronunciationDictionary
{
    private const string HeteronymsFile = "heteronyms";
    private readonly Dictionary<string, string> _phones = new(StringComparer.OrdinalIgnoreCase);

    private PronunciationDictionary() { }

    /// <summary>Words that are looked up.</summary>
    public int Count => _phones.Count;

    /// <summary>Reads a file.</summary>
    /// <exception cref="VocoderException">It cannot be read, or has no words.</exception>
    public static PronunciationDictionary Read(string path)
    {
        var result = new PronunciationDictionary();
        var ambiguous = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in Lines(path))
        {
            string[] parts = line.Split('#')[0].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length < 2 || !(char.IsAsciiLetter(parts[0][0]) || parts[0][0] == '\'') || !parts.Skip(1).All(Arpabet.IsPhone)) continue;
            string word = Alternative().Replace(parts[0], "");
            if (!result._phones.TryAdd(word, string.Join(' ', parts.Skip(1)))) ambiguous.Add(word);
        }
        if (result.Count == 0) throw new VocoderException($"{path}: found no words with their phones, expected a dictionary as cmudict");
        string heteronyms = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, HeteronymsFile);
        if (File.Exists(heteronyms)) ambiguous.UnionWith(Lines(heteronyms).Select(line => line.Trim()));
        foreach (string word in ambiguous) result._phones.Remove(word);
        return result;
    }

    /// <summary>The phones of a word, or null where there are none or several.</summary>
    public string? Find(string word) => _phones.GetValueOrDefault(word);

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path, Encoding.Latin1);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new VocoderException($"{path}: no such file", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new VocoderException($"{path}: cannot be read: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    [GeneratedRegex(@"\([0-9]+\)")]
    private static partial Regex Alternative();
}
