using FlowVocoder.AudioIO;
using FlowVocoder.Features;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Training;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Tests.Training.Data;

/// <summary>Texts of recordings in the layouts that data sets have.</summary>
public sealed class TranscriptsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Recordings need not be ones to find their texts.
    private string[] Recordings(params string[] names) => [.. names.Select(name => Write(name, ""))];

    private string Write(string name, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], content);
        return _folder[name];
    }

    private static string Message(Action run) => Assert.Throws<VocoderException>(run).Message;

    [Fact]
    public void The_list_of_LJSpeech_gives_the_normalised_text()
    {
        string[] clips = Recordings("wavs/LJ001-0001.wav", "wavs/LJ001-0002.wav", "wavs/LJ001-0003.wav");
        Write("metadata.csv", "LJ001-0001|in 1455,|in fourteen fifty-five,\r\nLJ001-0002|produced.|\n\nLJ001-0009|lost|lost\n");
        Transcripts found = Transcripts.Read(_folder.Root, clips);
        Assert.Equal(("in fourteen fifty-five,", "produced."), (found.Texts[clips[0]].Text, found.Texts[clips[1]].Text));
        Assert.Equal([""], found.Speakers);
        Assert.Equal([
            $"1 texts of '{_folder["metadata.csv"]}' have no recording, the first is 'LJ001-0009'",
            $"1 of 3 recordings have no text in '{_folder["metadata.csv"]}' and are left out, the first is '{clips[2]}'"], found.Warnings);
    }

    [Fact]
    public void A_file_list_gives_speakers_and_finds_recordings_by_the_end_of_their_paths()
    {
        string[] clips = Recordings("40/1.wav", "9/1.flac", "9/2.flac");
        string list = Write("lists/train.txt", "/path_to/corpus/9/1.wav|One.|9\n/path_to/corpus/40/1.wav|Forty.|40\n\\\\host\\9\\2.wav|Two.|9\n");
        Transcripts found = Transcripts.Read(_folder.Root, clips, list);
        Assert.Equal(["Forty.", "One.", "Two."], clips.Select(clip => found.Texts[clip].Text));
        // By their numbers, not by their letters.
        Assert.Equal(["9", "40"], found.Speakers);
        Assert.Empty(found.Warnings);
        Assert.Equal($"{Write("b.txt", "1|Whose?")}: line 1: '1' may be '{clips[0]}' or '{clips[1]}', expected more of its path",
            Message(() => Transcripts.Read(_folder.Root, clips, _folder["b.txt"])));
    }

    [Fact]
    public void Text_files_may_lie_beside_the_recordings()
    {
        string[] clips = Recordings("a.wav", "b.ogg", "sub/c.wav");
        Write("a.txt", "One\n line. \n");
        Write("sub/c.txt", "As written: 3.");
        Write("sub/c.normalized.txt", "as written: three");
        Transcripts found = Transcripts.Read(_folder.Root, clips);
        Assert.Equal(("One line.", "as written: three"), (found.Texts[clips[0]].Text, found.Texts[clips[2]].Text));
        Assert.Equal([$"1 of 3 recordings have no text beside them and are left out, the first is '{clips[1]}'"], found.Warnings);
    }

    [Fact]
    public void What_is_wrong_is_told_with_file_and_line()
    {
        string[] clips = Recordings("a.wav", "b.wav");
        Assert.Equal(
            $"{_folder.Root}: found no texts of its 2 recordings, expected a metadata.csv in the folder, a .txt beside each recording, or a list by --texts",
            Message(() => Transcripts.Read(_folder.Root, clips)));
        string list = _folder["list"];
        string Of(string content)
        {
            Write("list", content);
            return Message(() => Transcripts.Read(_folder.Root, clips, list));
        }
        Assert.Equal($"{list}: line 2: found 'no bar', expected id|text, id|text|normalised text, or path|text|speaker", Of("a|A.\nno bar"));
        Assert.Equal($"{list}: line 1: the text of 'a' is empty, expected words", Of("a| "));
        Assert.Equal($"{list}: line 3: names 'a.wav' again, expected each recording once, it was at {list}: line 1", Of("a|A.\nb|B.\na.wav|A."));
        Assert.StartsWith($"{list}: found none of the 2 recordings of {_folder.Root} in it, expected lines", Of("x|X."));
        Assert.StartsWith($"cannot read '{_folder["none"]}'", Message(() => Transcripts.Read(_folder.Root, clips, _folder["none"])));
        Write("a.txt", " ");
        Assert.Equal($"{_folder["a.txt"]}: is empty, expected a text", Message(() => Transcripts.Read(_folder.Root, clips)));
    }

    [Fact]
    public void Symbols_that_there_are_none_for_and_long_clips_are_told_and_silence_is_cut()
    {
        MelRecipe recipe = MelRecipe.ByName("nvidia");
        const int frames = 100;
        float[] speech = Voiced.Speech(frames * 256, 120, 1);
        void Record(string name, int silence)
        {
            WavFile.Write(_folder[name], [.. new float[silence * 256], .. speech, .. new float[silence * 256]], Voiced.SampleRate, WavFormat.Float32);
        }
        Record("a.wav", 0);
        Record("b.wav", 30);
        Record("c.wav", 70);
        Write("metadata.csv", "a|naïve|naïve\nb|Two…\nc|Three.\n");
        TextDataset data = TextDataset.Load(_folder.Root, null, recipe, new TextConfig { Trim = 60, Longest = 2.5 });
        Assert.Equal([$"left out of the texts, as Flowtron has no symbols for them: ï …; first at {_folder["metadata.csv"]}: line 1"], data.Warnings);
        // 50 ms of silence are 4 frames, and a level is that of whole hops.
        Assert.Equal(["a.wav", "b.wav", "c.wav"], data.Train.Concat(data.Valid).Select(clip => clip.Name));
        TextClip b = data.Train[1];
        Assert.InRange(b.Frames, frames - 10, frames + 9);
        Assert.Equal(b.Frames * recipe.Bands, b.Mel.Length);
        // What was cut is at the ends of each band.
        float[] whole = new MelSpectrogram(recipe).Compute([.. new float[30 * 256], .. speech, .. new float[30 * 256]]);
        int all = whole.Length / recipe.Bands;
        bool IsCut(int first) => Enumerable.Range(0, recipe.Bands).All(
            band => whole.AsSpan(band * all + first, b.Frames).SequenceEqual(b.Mel.AsSpan(band * b.Frames, b.Frames)));
        Assert.Single(Enumerable.Range(0, all - b.Frames + 1), IsCut);
        // Uncut, the longest one is too long, and then none is left to hold out.
        Assert.Equal($"{_folder.Root}: none of its 1 recordings to hold out is at most 2.5 s long, expected one; text.longest sets the limit",
            Message(() => TextDataset.Load(_folder.Root, null, recipe, new TextConfig { Longest = 2.5 })));
        File.Copy(_folder["a.wav"], _folder["d.wav"]);
        File.AppendAllText(_folder["metadata.csv"], "d|Four.\n");
        data = TextDataset.Load(_folder.Root, null, recipe, new TextConfig { Longest = 2.5 });
        Assert.Contains("1 recordings are longer than 2.5 s (text.longest) and are left out, the first is 'c.wav'", data.Warnings);
        Write("metadata.csv", "a|{HH XX}\n");
        Assert.StartsWith($"{_folder["metadata.csv"]}: line 1: found 'XX' in braces",
            Message(() => TextDataset.Load(_folder.Root, null, recipe, new TextConfig())));
        Assert.Contains("none", Message(() => TextDataset.Load(_folder.Root, null, recipe, new TextConfig { Dictionary = _folder["none"] })));
    }
}
