using FlowVocoder.AudioIO;
using FlowVocoder.Features;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Training.Data;

namespace FlowVocoder.Tests.Training.Data;

public sealed class SpeechDatasetTests : IDisposable
{
    private static readonly MelRecipe s_recipe = MelRecipe.ByName("hifigan");
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Wav(string name, ReadOnlySpan<float> samples, int rate = 22050, int channels = 1)
    {
        string path = _folder[name];
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var writer = new WavWriter(File.Create(path), rate, channels: channels);
        writer.Write(samples);
        return path;
    }

    private SpeechDataset Load(bool pitch = false) => SpeechDataset.Load(_folder.Root, s_recipe, pitch);

    private static IEnumerable<string> Names(IEnumerable<SpeechClip> clips) => clips.Select(c => c.Name.Replace('\\', '/'));

    [Fact]
    public void Stereo_of_16_kHz_becomes_mono_of_the_recipe_in_whole_hops()
    {
        float[] left = Voiced.Sine(8000, 440, 16000), both = new float[16000];
        for (int i = 0; i < left.Length; i++) both[2 * i] = left[i];
        Wav("a.wav", both, 16000, channels: 2);
        SpeechClip clip = Load().Train[0];
        // 8000 samples at 16 kHz are 11025 at 22.05 kHz: 43 hops and 17 samples.
        Assert.Equal(43, clip.Frames);
        Assert.Equal(43 * 256, clip.Audio.Length);
        Assert.Equal("a.wav", clip.Name);
        // Half the amplitude, as the right channel is silent; the ends ring in the resampling filter.
        float[] expected = Voiced.Sine(clip.Audio.Length, 440, 22050, 0.25);
        for (int t = 500; t < clip.Audio.Length - 500; t++) Assert.Equal(expected[t], clip.Audio[t], 1e-3);
    }

    [Theory]
    [InlineData("hifigan", 11025, 43)]
    [InlineData("nvidia", 11025, 44)]
    [InlineData("hifigan", 11008, 43)]
    [InlineData("nvidia", 11008, 44)]
    public void The_mel_is_that_of_the_whole_recording(string name, int samples, int melFrames)
    {
        MelRecipe recipe = MelRecipe.ByName(name);
        float[] audio = Voiced.Speech(samples, 130, 1);
        var clip = new SpeechClip("x", audio, recipe, pitch: true);
        Assert.Equal(43, clip.Frames);
        Assert.Equal(audio[..(43 * 256)], clip.Audio);
        Assert.Equal(melFrames, clip.MelFrames);
        Assert.Equal(new MelSpectrogram(recipe).Compute(audio), clip.Mel);
        Assert.Equal(melFrames, clip.F0.Length);
        Assert.True(clip.Phase.Length >= clip.Audio.Length);
        // The middle of the voiced part: within the glide of ±10 %.
        Assert.InRange(clip.F0[20], 115, 145);
    }

    [Fact]
    public void Pitch_and_phase_are_left_away_where_nobody_asks()
    {
        var clip = new SpeechClip("x", Voiced.Speech(3000, 130, 1), s_recipe, pitch: false);
        Assert.Empty(clip.F0);
        Assert.Empty(clip.Phase);
    }

    [Fact]
    public void Folders_named_valid_are_held_out()
    {
        float[] audio = Voiced.Sine(1000, 440, 22050);
        foreach (string name in new[] { "b/one.wav", "b/valid/two.wav", "valid/three.wav", "a/validated.wav", "c.wav", "notes.txt", "valid.wav" })
            Wav(name, audio);
        SpeechDataset data = Load();
        Assert.Equal(["a/validated.wav", "b/one.wav", "c.wav", "valid.wav"], Names(data.Train));
        Assert.Equal(["b/valid/two.wav", "valid/three.wav"], Names(data.Valid));
    }

    [Fact]
    public void Otherwise_every_twentieth_file_is()
    {
        for (int i = 0; i < 45; i++) Wav($"{i:00}.wav", Voiced.Sine(300, 440, 22050));
        SpeechDataset data = Load();
        Assert.Equal(["19.wav", "39.wav"], Names(data.Valid));
        Assert.Equal(43, data.Train.Count);
        Assert.DoesNotContain(data.Valid[0], data.Train);
    }

    [Fact]
    public void Of_fewer_the_last_one_is_and_a_single_one_serves_both()
    {
        Wav("a.wav", Voiced.Sine(300, 440, 22050));
        SpeechDataset one = Load();
        Assert.Equal(["a.wav"], Names(one.Train));
        Assert.Equal(["a.wav"], Names(one.Valid));
        Wav("b.wav", Voiced.Sine(300, 440, 22050));
        SpeechDataset two = Load();
        Assert.Equal(["a.wav"], Names(two.Train));
        Assert.Equal(["b.wav"], Names(two.Valid));
    }

    [Fact]
    public void Only_what_can_be_cropped_is_held_out()
    {
        for (int i = 0; i < 45; i++) Wav($"{i:00}.wav", i == 19 ? new float[3000] : Voiced.Sine(i == 20 ? 256 : 3000, 440, 22050));
        Assert.Equal(["21.wav", "41.wav"], Names(SpeechDataset.Load(_folder.Root, s_recipe, false, cropFrames: 8).Valid));
    }

    [Fact]
    public void Of_fewer_the_last_that_can_be_cropped_is()
    {
        Wav("a.wav", Voiced.Sine(3000, 440, 22050));
        Wav("b.wav", Voiced.Sine(3000, 440, 22050));
        Wav("c.wav", new float[3000]);
        SpeechDataset data = SpeechDataset.Load(_folder.Root, s_recipe, false, cropFrames: 8);
        Assert.Equal(["b.wav"], Names(data.Valid));
        Assert.Equal(["a.wav", "c.wav"], Names(data.Train));
    }

    [Fact]
    public void A_recording_counts_once_whatever_links_lead_to_it()
    {
        if (OperatingSystem.IsWindows()) return;
        float[] audio = Voiced.Sine(1000, 440, 22050);
        Wav("one/a.wav", audio);
        Wav("one/b.wav", audio);
        Directory.CreateDirectory(_folder["two"]);
        Directory.CreateSymbolicLink(_folder["again"], _folder["one"]);
        File.CreateSymbolicLink(_folder["two/c.wav"], _folder["one/a.wav"]);
        // A folder within itself.
        Directory.CreateSymbolicLink(_folder["one/loop"], _folder.Root);
        Assert.Equal(["again/a.wav", "again/b.wav"], Names(Load().Train.Concat(Load().Valid)).Order());
        // What is held out by one name is not trained on by another.
        Directory.CreateDirectory(_folder["valid"]);
        File.CreateSymbolicLink(_folder["valid/z.wav"], _folder["one/b.wav"]);
        Assert.Equal(["again/a.wav"], Names(Load().Train));
        Assert.Equal(["valid/z.wav"], Names(Load().Valid));
    }

    [Fact]
    public void What_is_likely_a_mistake_is_told_with_its_file()
    {
        using (var writer = new WavWriter(File.Create(_folder["loud.wav"]), 22050, WavFormat.Float32)) writer.Write(
            [.. Voiced.Sine(1000, 440, 22050).Select(v => 32768 * v)]);
        float[] sine = Voiced.Sine(1000, 440, 22050);
        Wav("opposed.wav", [.. sine.SelectMany(v => new[] { v, -v })], channels: 2);
        Wav("sound.wav", sine);
        Assert.Collection(Load().Warnings,
            w => Assert.StartsWith($"'{_folder["loud.wav"]}': its samples reach 16", w, StringComparison.Ordinal),
            w => Assert.StartsWith($"'{_folder["opposed.wav"]}': its 2 channels cancel each other", w, StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_given_as_the_validation_part_itself_is_divided_too()
    {
        for (int i = 0; i < 3; i++) Wav($"valid/{i}.wav", Voiced.Sine(300, 440, 22050));
        Assert.Equal(["valid/0.wav", "valid/1.wav"], Names(Load().Train));
    }

    [Fact]
    public void Progress_counts_to_the_number_of_files()
    {
        for (int i = 0; i < 5; i++) Wav($"{i}.wav", Voiced.Sine(300, 440, 22050));
        var seen = new System.Collections.Concurrent.ConcurrentBag<(int, int)>();
        SpeechDataset.Load(_folder.Root, s_recipe, false, 1, (done, all) => seen.Add((done, all)), TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(1, 5).Select(i => (i, 5)), seen.Order());
    }

    [Fact]
    public void A_missing_folder_an_empty_one_and_a_broken_file_are_named()
    {
        Refusal.Expect(() => SpeechDataset.Load(_folder["nowhere"], s_recipe, false), _folder["nowhere"], "no such folder");
        Refusal.Expect(() => Load(), _folder.Root, "found no recording below it, expected files that end in .wav, .flac");
        Wav("a.wav", Voiced.Sine(300, 440, 22050));
        string broken = _folder.Add("b.wav", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
        Refusal.Expect(() => Load(), broken);
    }

    [Fact]
    public void A_recording_without_one_hop_is_named()
    {
        Wav("a.wav", Voiced.Sine(300, 440, 22050));
        string shortest = Wav("b.wav", new float[255]);
        Refusal.Expect(() => Load(), shortest, "255 samples", "256");
    }
}
