using System.Globalization;
using FlowVocoder.AudioIO;
using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli;

public sealed class EvaluateVerbTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private static TempFolder Corpus()
    {
        var folder = new TempFolder();
        foreach (string clip in (string[])["anna/train/a", "anna/valid/b", "anna/valid/c", "ben/valid/b"])
        {
            string path = folder[clip + ".wav"];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            WavFile.Write(path, CliFixture.Speech(0.6, clip.StartsWith('a') ? 210 : 110, clip[^1]), CliFixture.Rate);
        }
        return folder;
    }

    private static string[] Row(string output, string system, string speaker)
    {
        string section = output[output.IndexOf($"### {system}", StringComparison.Ordinal)..];
        string line = section.Split('\n').First(l => l.StartsWith($"| {speaker} |", StringComparison.Ordinal));
        return line.Split('|', StringSplitOptions.TrimEntries);
    }

    [Fact]
    public void Held_out_clips_are_measured_by_speaker_for_voice_and_baselines()
    {
        using TempFolder corpus = Corpus();
        string output = CliFixture.Run("evaluate", "--data", corpus.Root, "--voice", fixture.Voice, "--sigma", "0.5",
            "--baseline", "noise-lp", "--baseline", "griffin-lim").Succeeds().Output;
        Assert.Contains("### tiny, sigma 0.5", output, StringComparison.Ordinal);
        foreach (string system in (string[])["tiny", "noise-lp", "griffin-lim"])
        {
            Assert.Equal("2", Row(output, system, "anna")[2]);
            Assert.Equal("1", Row(output, system, "ben")[2]);
            Assert.Equal("3", Row(output, system, "all")[2]);
        }
        // Griffin-Lim fits the mel by construction; noise through linear prediction has its envelope only.
        double griffin = double.Parse(Row(output, "griffin-lim", "all")[4], CultureInfo.InvariantCulture);
        double noise = double.Parse(Row(output, "noise-lp", "all")[4], CultureInfo.InvariantCulture);
        Assert.True(griffin < noise, $"{griffin} against {noise}");
        Assert.Contains("nats per sample", output, StringComparison.Ordinal);
        Assert.Contains("voicing error", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("silent", "is silent, -200 dB of full scale, expected speech above -70")]
    [InlineData("short", "has 100 samples, expected at least the 2048 of the longest window")]
    [InlineData("text", "is no recording that can be read")]
    [InlineData("loud", "too large to compute with, expected ±1")]
    public void A_recording_that_cannot_be_measured_is_named_and_left_out_and_the_table_is_there(string fault, string expected)
    {
        using TempFolder corpus = Corpus();
        string[] command = ["evaluate", "--data", corpus.Root, "--voice", fixture.Voice, "--baseline", "noise-lp"];
        string whole = CliFixture.Run(command).Succeeds().Output, bad = corpus["anna/valid/bad.wav"];
        if (fault == "text") File.WriteAllText(bad, "a text");
        else
            using (var writer = new WavWriter(File.Create(bad), CliFixture.Rate, WavFormat.Float32))
                writer.Write(fault switch { "silent" => new float[9000], "short" => CliFixture.Speech(1, 150, 3)[..100],
                    _ => [.. Enumerable.Repeat(3e38f, 9000)] });
        CliResult result = CliFixture.Run(command);
        Assert.Equal(1, result.Code);
        Assert.Contains($"left out: '{bad}' {expected}", result.Error.Replace("has samples of 3E+38, ", ""), StringComparison.Ordinal);
        Assert.Contains("left out: 1 of 4 recordings", result.Output, StringComparison.Ordinal);
        Assert.Equal(Row(whole, "tiny", "all"), Row(result.Output, "tiny", "all"));
        Assert.Equal(Row(whole, "noise-lp", "anna"), Row(result.Output, "noise-lp", "anna"));
    }

    [Fact]
    public void What_is_short_or_without_a_voice_has_dashes_and_no_NaN()
    {
        using var folder = new TempFolder();
        var random = new Random(1);
        WavFile.Write(folder["s.wav"], [.. Enumerable.Range(0, 3000).Select(_ => 0.1f * (random.NextSingle() - 0.5f))], CliFixture.Rate);
        string output = CliFixture.Run("evaluate", "--data", folder.Root, "--voice", fixture.Voice, "--baseline", "noise-lp").Succeeds().Output;
        Assert.Contains("Pitch predicted from the mel, against the tracker on the recording: no frame is voiced in both, voicing error ", output,
            StringComparison.Ordinal);
        Assert.Contains(" | – |", output, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_work_of_others_is_scored_and_a_copy_is_perfect()
    {
        using TempFolder corpus = Corpus();
        using var made = new TempFolder();
        foreach (string speaker in (string[])["anna", "ben"])
            File.Copy(corpus[$"{speaker}/valid/b.wav"], made[$"{speaker}_b.wav"]);
        string output = CliFixture.Run("evaluate", "--data", corpus.Root, "--voice", fixture.Voice, "--limit", "1", "--generated", made.Root).Succeeds().Output;
        string[] all = Row(output, Path.GetFileName(made.Root), "all");
        Assert.Equal(["2", "1.2", "0.000", "0.000", "1.000", "1.000", "1.000", "0.0", "100.0 %"], all[2..^1]);
    }

    [Fact]
    public void A_recording_against_itself_is_perfect_in_both_tables()
    {
        using TempFolder corpus = Corpus();
        string output = CliFixture.Run("evaluate", "--data", corpus.Root, "--voice", fixture.Voice, "--limit", "1", "--baseline", "recording")
            .Succeeds().Output;
        Assert.Equal(["2", "1.2", "0.000", "0.000", "1.000", "1.000", "1.000", "0.0", "100.0 %"], Row(output, "recording", "all")[2..^1]);
        string second = output[output.IndexOf("### recording", StringComparison.Ordinal)..];
        string[] bands = Row("### recording" + second[second.IndexOf("below 1 kHz", StringComparison.Ordinal)..], "recording", "all");
        Assert.Equal(("0.000", "0.0", "0.0"), (bands[2], bands[7], bands[8]));
    }

    [Fact]
    public void A_clip_that_others_did_not_make_is_named()
    {
        using TempFolder corpus = Corpus();
        using var made = new TempFolder();
        CliFixture.Run("evaluate", "--data", corpus.Root, "--voice", fixture.Voice, "--limit", "1", "--generated", made.Root)
            .Fails(1, made.Root, corpus["anna/valid/b.wav"], "anna_b.wav");
    }

    [Fact]
    public void What_was_spoken_is_kept_with_pictures()
    {
        using TempFolder corpus = Corpus();
        using var kept = new TempFolder();
        CliFixture.Run("evaluate", "--data", corpus.Root, "--voice", fixture.Voice, "--limit", "1", "--out", kept.Root).Succeeds();
        Assert.Equal(["anna_b.png", "ben_b.png", "tiny"], kept.Entries());
        Assert.Equal((int)(0.6 * CliFixture.Rate) / CliFixture.Hop * CliFixture.Hop, AudioFile.Read(kept["tiny/ben_b.wav"]).Length);
    }
}
