using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.Cli;

public sealed class MorphVerbTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private string Second()
    {
        string path = fixture.Folder["second.wav"];
        WavFile.Write(path, CliFixture.Speech(seconds: 0.7, fundamental: 170, seed: 2), CliFixture.Rate);
        return path;
    }

    private CliResult Morph(string output, params string[] more) => CliFixture.Run(["morph", fixture.Wav, Second(), output, "--voice", fixture.Voice, .. more]);

    [Fact]
    public void Steps_are_spoken_one_after_the_other_from_one_recording_to_the_other()
    {
        string output = fixture.Folder["steps.wav"];
        Assert.Contains("3 steps from", Morph(output, "--steps", "3").Succeeds().Output, StringComparison.Ordinal);
        float[] spoken = Recording.Read(output).Samples;
        int gap = (int)(0.3 * CliFixture.Rate), first = 43 * CliFixture.Hop, last = 60 * CliFixture.Hop, middle = spoken.Length - first - last - 2 * gap;
        for (int i = 0; i < first; i++) Assert.InRange(spoken[i], fixture.Audio[i] - 1e-4f, fixture.Audio[i] + 1e-4f);
        Assert.All(spoken[first..(first + gap)], sample => Assert.Equal(0, sample));
        Assert.InRange(middle, first, last);
        float[] second = CliFixture.Speech(seconds: 0.7, fundamental: 170, seed: 2);
        for (int i = 0; i < last; i++) Assert.InRange(spoken[spoken.Length - last + i], second[i] - 1.5e-4f, second[i] + 1.5e-4f);
    }

    [Fact]
    public void One_place_can_be_asked_for()
    {
        Morph(fixture.Folder["start.wav"], "--at", "0").Succeeds();
        Assert.Equal(43 * CliFixture.Hop, Recording.Read(fixture.Folder["start.wav"]).Samples.Length);
        Assert.Contains("0.5 of the way", Morph(fixture.Folder["half.wav"], "--at", "0.5").Succeeds().Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Mistakes_are_told_in_a_line()
    {
        string output = fixture.Folder["never.wav"];
        Morph(output, "--steps", "0").Fails(2, "--steps is '0', expected a whole number from 2 to 100");
        Morph(output, "--at", "1.5").Fails(2, "--at is '1.5', expected 0 to 1");
        Morph(output, "--at", "0", "--steps", "3").Fails(2, "found both --steps and --at");
        Morph(fixture.Wav).Fails(2, "is also the input");
        WavFile.Write(fixture.Folder["short.wav"], new float[100], CliFixture.Rate);
        CliFixture.Run("morph", fixture.Folder["short.wav"], fixture.Wav, output, "--voice", fixture.Voice)
            .Fails(1, "has 100 samples at 22050 Hz, expected at least one frame of 256");
        Assert.False(File.Exists(output));
    }
}
