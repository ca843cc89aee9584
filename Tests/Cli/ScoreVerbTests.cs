using System.Globalization;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli;

public sealed class ScoreVerbTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private Likelihood Expected => fixture.Model.Score(fixture.Mel, fixture.Audio, new Parallelism(1));

    private static (string Layer, double Nats, double Bits)[] Table(string output) =>
        [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(3).Select(line =>
        {
            string[] cells = line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            return (cells[0], double.Parse(cells[1], CultureInfo.InvariantCulture), double.Parse(cells[2], CultureInfo.InvariantCulture));
        })];

    [Fact]
    public void The_parts_of_the_layers_sum_to_the_exact_likelihood()
    {
        CliResult result = CliFixture.Run("score", fixture.Wav, "--voice", fixture.Voice).Succeeds();
        var table = Table(result.Output);
        Assert.Equal([.. Expected.Parts.Select(p => p.Layer), "sum"], table.Select(r => r.Layer));
        Assert.Equal(Expected.NatsPerSample, table[^1].Nats, 4);
        Assert.Equal(table[^1].Nats, table[..^1].Sum(r => r.Nats), 2);
        Assert.All(table, r => Assert.Equal(r.Nats / Math.Log(2), r.Bits, 3));
        Assert.Contains($"over {Expected.Samples} samples", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_mel_can_be_given()
    {
        string computed = CliFixture.Run("score", fixture.Wav, "--voice", fixture.Voice).Succeeds().Output;
        Assert.Equal(computed, CliFixture.Run("score", fixture.Npy, fixture.Wav, "--voice", fixture.Voice).Succeeds().Output);
    }

    [Fact]
    public void A_recording_comes_through_standard_input_too()
    {
        string file = CliFixture.Run("score", fixture.Wav, "--voice", fixture.Voice).Succeeds().Output;
        string Piped(params string[] args)
        {
            var pipe = new Piped { Input = new ForwardOnlyStream(new MemoryStream(File.ReadAllBytes(fixture.Wav)), 1000) };
            CliResult result = pipe.Run(["score", .. args, "--voice", fixture.Voice]);
            Assert.Equal((0, ""), (result.Code, result.Error));
            return result.Output;
        }
        Assert.Equal(file.Replace(fixture.Wav, "standard input", StringComparison.Ordinal), Piped("-"));
        Assert.Equal(Piped("-"), Piped(fixture.Npy, "-"));
        CliFixture.Run("score", "-", fixture.Wav, "--voice", fixture.Voice).Fails(2, "the mel is '-'");
    }

    [Fact]
    public void A_mel_of_another_length_scores_what_both_cover()
    {
        string longer = fixture.Folder["longer.wav"];
        float[] twice = [.. fixture.Audio, .. fixture.Audio];
        FlowVocoder.AudioIO.WavFile.Write(longer, twice, CliFixture.Rate, FlowVocoder.AudioIO.WavFormat.Float32);
        CliResult result = CliFixture.Run("score", fixture.Npy, longer, "--voice", fixture.Voice);
        Assert.Equal(0, result.Code);
        Assert.Contains($"the first {fixture.Frames} are scored", result.Error, StringComparison.Ordinal);
        Assert.Contains($"over {fixture.Frames * CliFixture.Hop} samples", result.Output, StringComparison.Ordinal);
    }
}
