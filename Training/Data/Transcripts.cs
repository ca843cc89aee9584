using FlowVocoder.AudioIO;

namespace FlowVocoder.Training.Data;

/// <summary>What is said in a recording, and by whom.</summary>
/// <param name="Text">The text as it was found.</param>
/// <param name="Speaker">The name of who speaks; empty where the layout has none.</param>
/// <param name="Source">Where it was found, for messages.</param>
public sealed record Transcript(string Text, string Speaker, string Source);

/// <summary>
/// The texts of a folder's recordings, in the layouts that data sets have: a list of lines "id|text" or "id|text|normalised text" (metadata.csv of LJSpeech)
/// or "path|text|speaker" (file lists of NVIDIA's repositories), or a text file beside each recording.
/// </summary>
public sealed class Transcripts
{
    // LibriTTS has both of the first.
    private static readonly string[] s_beside = [".normalized.txt", ".txt", ".lab"];
    private readonly Dictionary<string, Transcript> _texts = new(StringComparer.Ordinal);
    private readonly List<string> _warnings = [];

    private Transcripts() { }

    /// <summary>Texts by recording.</summary>
    public IReadOnlyDictionary<string, Transcript> Texts => _texts;

    /// <summary>Names of the speakers in the order of their numbers: by value where all are whole numbers, else by letters.</summary>
    public IReadOnlyList<string> Speakers => [.. _texts.Values.Select(t => t.Speaker).Distinct()
        .OrderBy(s => int.TryParse(s, out int number) ? number : int.MaxValue).ThenBy(s => s, StringComparer.Ordinal)];

    /// <summary>Recordings without a text and texts without a recording, one line each kind.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>Finds the texts of recordings.</summary>
    /// <param name="folder">Their folder.</param>
    /// <param name="recordings">The recordings, below it.</param>
    /// <param name="list">A list; null for the metadata.csv of the folder, or where there is none the text files beside the recordings.</param>
    /// <exception cref="VocoderException">There are none, or a line of the list is not usable: file and line are named.</exception>
    public static Transcripts Read(string folder, IReadOnlyList<string> recordings, string? list = null)
    {
        var found = new Transcripts();
        string metadata = Path.Combine(folder, "metadata.csv");
        if (list == null && File.Exists(metadata)) list = metadata;
        if (list != null) found.ReadList(list, recordings);
        else found.ReadBeside(recordings);
        string where = list == null ? "beside them" : $"in '{list}'";
        const string layouts = "expected a metadata.csv in the folder, a .txt beside each recording, or a list by --texts";
        if (found._texts.Count == 0)
            throw new VocoderException(list == null ? $"{folder}: found no texts of its {recordings.Count} recordings, {layouts}"
                : $"{list}: found none of the {recordings.Count} recordings of {folder} in it, expected lines as id|text or path|text|speaker that name them");
        string[] silent = [.. recordings.Where(r => !found._texts.ContainsKey(r))];
        if (silent.Length > 0)
            found._warnings.Add($"{silent.Length} of {recordings.Count} recordings have no text {where} and are left out, the first is '{silent[0]}'");
        return found;
    }

    private void ReadBeside(IReadOnlyList<string> recordings)
    {
        foreach (string recording in recordings)
        {
            string stem = Path.Combine(Path.GetDirectoryName(recording) ?? "", Path.GetFileNameWithoutExtension(recording));
            if (s_beside.Select(ending => stem + ending).FirstOrDefault(File.Exists) is not { } file) continue;
            string text = string.Join(' ', Content(file).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            _texts.Add(recording, text.Length > 0 ? new Transcript(text, "", file) : throw new VocoderException($"{file}: is empty, expected a text"));
        }
    }

    private void ReadList(string list, IReadOnlyList<string> recordings)
    {
        ILookup<string, string> byStem = recordings.ToLookup(r => Path.GetFileNameWithoutExtension(r)!, StringComparer.Ordinal);
        var strangers = new List<string>();
        string[] lines = Content(list).Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string line = lines[i].Trim();
            if (line.Length == 0) continue;
            string source = $"{list}: line {i + 1}";
            string[] fields = [.. line.Split('|').Select(f => f.Trim())];
            if (fields.Length < 2 || fields[0].Length == 0)
                throw new VocoderException($"{source}: found '{Near(line)}', expected id|text, id|text|normalised text, or path|text|speaker");
            bool isFile = AudioFile.Extensions.Contains(Path.GetExtension(fields[0]).ToLowerInvariant());
            string text = !isFile && fields.Length > 2 && fields[2].Length > 0 ? fields[2] : fields[1];
            if (text.Length == 0) throw new VocoderException($"{source}: the text of '{fields[0]}' is empty, expected words");
            if (Recording(byStem, fields[0], isFile, source) is not { } recording) strangers.Add(fields[0]);
            else if (!_texts.TryAdd(recording, new Transcript(text, isFile && fields.Length > 2 ? fields[2] : "", source)))
                throw new VocoderException($"{source}: names '{fields[0]}' again, expected each recording once, it was at {_texts[recording].Source}");
        }
        if (strangers.Count > 0) _warnings.Add($"{strangers.Count} texts of '{list}' have no recording, the first is '{strangers[0]}'");
    }

    // By its name, and where several folders have one of that name, by as much of the path as is told. The beginning of the path is that of another machine.
    private static string? Recording(ILookup<string, string> byStem, string named, bool isFile, string source)
    {
        string path = named.Replace('\\', '/');
        if (isFile) path = path[..^Path.GetExtension(path).Length];
        string[] same = [.. byStem[path[(path.LastIndexOf('/') + 1)..]]];
        if (same.Length < 2) return same.Length == 0 ? null : same[0];
        int Agreement(string recording)
        {
            string[] a = recording[..^Path.GetExtension(recording).Length].Replace('\\', '/').Split('/'), b = path.Split('/');
            return a.Reverse().Zip(b.Reverse()).TakeWhile(pair => pair.First == pair.Second).Count();
        }
        int most = same.Max(Agreement);
        string[] closest = [.. same.Where(r => Agreement(r) == most)];
        return closest.Length == 1 ? closest[0]
            : throw new VocoderException($"{source}: '{named}' may be {string.Join(" or ", closest.Take(2).Select(c => $"'{c}'"))}, expected more of its path");
    }

    private static string Near(string line) => line.Length > 40 ? line[..40] + "…" : line;

    private static string Content(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VocoderException($"cannot read '{file}': {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
