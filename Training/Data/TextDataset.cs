using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Texts;

namespace FlowVocoder.Training.Data;

/// <summary>The mel of a recording with what is said in it.</summary>
/// <param name="Name">File name.</param>
/// <param name="Mel">[bands, frames].</param>
/// <param name="Frames">Frames of the mel.</param>
/// <param name="Text">The text as it was found.</param>
/// <param name="Speaker">Number of who speaks.</param>
public sealed record TextClip(string Name, float[] Mel, int Frames, string Text, int Speaker);

/// <summary>The recordings of a folder that have a text, divided as a <see cref="SpeechDataset"/> divides them.</summary>
public sealed class TextDataset
{
    private const double Margin = 0.05;

    private TextDataset(IReadOnlyList<TextClip> train, IReadOnlyList<TextClip> valid, IReadOnlyList<string> speakers, IReadOnlyList<string> warnings,
        PronunciationDictionary? dictionary) => (Train, Valid, Speakers, Warnings, Dictionary) = (train, valid, speakers, warnings, dictionary);

    /// <summary>Clips to train on.</summary>
    public IReadOnlyList<TextClip> Train { get; }

    /// <summary>Clips held out.</summary>
    public IReadOnlyList<TextClip> Valid { get; }

    /// <summary>Names of the speakers in the order of their numbers.</summary>
    public IReadOnlyList<string> Speakers { get; }

    /// <summary>What was left out or is likely to be a mistake, one line each.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Where words are looked up; null without.</summary>
    public PronunciationDictionary? Dictionary { get; }

    /// <summary>Reads the recordings of a folder and their texts.</summary>
    /// <param name="folder">Where the recordings are.</param>
    /// <param name="list">A list of texts, see <see cref="Transcripts"/>; null finds them in the folder.</param>
    /// <param name="recipe">Recipe of the mels.</param>
    /// <param name="config">What is left out.</param>
    /// <param name="progress">Told how many of how many have been read.</param>
    /// <param name="cancellation">Stops the reading.</param>
    /// <param name="parallelism">Threads.</param>
    /// <exception cref="VocoderException">Recordings, texts or the dictionary are not usable, or nothing is left.</exception>
    public static TextDataset Load(string folder, string? list, MelRecipe recipe, TextConfig config, Action<int, int>? progress = null,
        CancellationToken cancellation = default, Parallelism? parallelism = null)
    {
        PronunciationDictionary? dictionary = config.Dictionary.Length > 0 ? PronunciationDictionary.Read(config.Dictionary) : null;
        string[] files = SpeechDataset.Files(folder);
        Transcripts transcripts = Transcripts.Read(folder, files, list);
        var warnings = new List<string>(transcripts.Warnings);
        CheckTexts(transcripts, dictionary, warnings);
        SpeechDataset data = SpeechDataset.Load(folder, recipe, pitch: false, 1, progress, cancellation, parallelism, transcripts.Texts.ContainsKey);
        warnings.AddRange(data.Warnings);
        IReadOnlyList<string> speakers = transcripts.Speakers;
        int most = (int)(config.Longest * recipe.SampleRate / recipe.HopSize);
        TextClip Of(SpeechClip clip)
        {
            Transcript transcript = transcripts.Texts[Path.Combine(folder, clip.Name)];
            var (first, count) = Speech(clip, recipe, config.Trim);
            float[] mel = [.. Enumerable.Range(0, recipe.Bands).SelectMany(b => clip.Mel.Skip(b * clip.MelFrames + first).Take(count))];
            return new TextClip(clip.Name, mel, count, transcript.Text, speakers.ToList().IndexOf(transcript.Speaker));
        }
        TextClip[] train = [.. data.Train.Select(Of)], valid = [.. data.Valid.Select(Of)], all = [.. train.Union(valid)];
        if (all.FirstOrDefault(c => c.Frames > most) is { } longClip)
        {
            int count = all.Count(c => c.Frames > most);
            warnings.Add(FormattableString.Invariant(
                $"{count} recordings are longer than {config.Longest} s (text.longest) and are left out, the first is '{longClip.Name}'"));
        }
        TextClip[] Usable(TextClip[] clips, string what)
        {
            TextClip[] some = [.. clips.Where(c => c.Frames <= most)];
            return some.Length > 0 ? some : throw new VocoderException(FormattableString.Invariant(
                $"{folder}: none of its {clips.Length} recordings {what} is at most {config.Longest} s long, expected one; text.longest sets the limit"));
        }
        return new TextDataset(Usable(train, "to train on"), Usable(valid, "to hold out"), speakers, warnings, dictionary);
    }

    // Before any recording is read.
    private static void CheckTexts(Transcripts transcripts, PronunciationDictionary? dictionary, List<string> warnings)
    {
        var leftOut = new HashSet<char>();
        string? first = null;
        foreach (Transcript transcript in transcripts.Texts.Values.OrderBy(t => t.Source, StringComparer.Ordinal))
        {
            try
            {
                string unknown = FlowtronText.Read(transcript.Text, dictionary).LeftOut;
                if (unknown.Length > 0) first ??= transcript.Source;
                leftOut.UnionWith(unknown);
            }
            catch (VocoderException e)
            {
                throw new VocoderException($"{transcript.Source}: {e.Message}", e);
            }
        }
        if (first != null)
            warnings.Add($"left out of the texts, as Flowtron has no symbols for them: {string.Join(' ', leftOut.Order())}; first at {first}");
    }

    // Frames from the first to the last that is not silence.
    private static (int First, int Count) Speech(SpeechClip clip, MelRecipe recipe, double trim)
    {
        if (trim == 0) return (0, clip.MelFrames);
        double[] energies = [.. clip.Audio.Chunk(recipe.HopSize).Select(hop => hop.Sum(x => (double)x * x))];
        double quietest = energies.Max() * Math.Pow(10, -trim / 10);
        int margin = (int)(Margin * recipe.SampleRate / recipe.HopSize), first = Math.Max(0, Array.FindIndex(energies, e => e >= quietest) - margin),
            last = Math.Min(clip.MelFrames - 1, Array.FindLastIndex(energies, e => e >= quietest) + margin);
        return (first, last - first + 1);
    }
}
