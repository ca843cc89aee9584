using System.Buffers.Binary;
using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli;

public sealed class InfoAndPlotTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    [Fact]
    public void Info_tells_what_a_voice_is_and_where_it_came_from()
    {
        string output = CliFixture.Run("info", fixture.Voice).Succeeds().Output;
        string[] expected =
        [
            "tiny", fixture.Voice, "compact", $"{fixture.Model.Parameters.Count:N0}", $"{fixture.Model.MacsPerSecond / 1e9:0.000} GMAC per second",
            "2 frames, 23.2 ms", "3 frames, 34.8 ms", $"{fixture.Model.PastSamples:N0} samples", "hifigan", "22050 Hz", "42", "made by a test", "CC0 test",
            "group 64", "harmonics [1,2,3,4,6,8]",
        ];
        foreach (string part in expected) Assert.Contains(part, output, StringComparison.Ordinal);
    }

    private static (int Width, int Height) PngSize(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], bytes[..4]);
        return (BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(20)));
    }

    [Fact]
    public void Plot_stacks_recordings_and_mels()
    {
        string one = fixture.Folder["one.png"], two = fixture.Folder["two.png"];
        CliFixture.Run("plot", fixture.Wav, one).Succeeds();
        CliResult result = CliFixture.Run("plot", fixture.Wav, fixture.Npy, two).Succeeds();
        Assert.Equal(PngSize(one).Width, PngSize(two).Width);
        // One more panel of 400 pixels with its title.
        Assert.InRange(PngSize(two).Height - PngSize(one).Height, 400, 500);
        Assert.Equal($"{two}: {PngSize(two).Width} x {PngSize(two).Height} pixels\n", result.Output);
    }

    [Fact]
    public void Plot_writes_svg_where_the_name_says_so()
    {
        string path = fixture.Folder["one.svg"];
        CliFixture.Run("plot", fixture.Npy, path).Succeeds();
        Assert.Equal("svg", System.Xml.Linq.XDocument.Load(path).Root!.Name.LocalName);
    }

    [Fact]
    public void Plot_draws_the_log_of_a_training()
    {
        using var folder = new TempFolder();
        const string line = """{"Step":50,"Steps":100,"NatsPerSample":4.3,"PitchLoss":3.7,"GradientNorm":"NaN","LearningRate":0.1,"Skipped":0,"SecondsPerStep":0.8,"AudioSecondsPerSecond":5.2,"ValidNats":4.1,"ValidPitchLoss":null,"Left":"02:07:39"}""";
        File.WriteAllText(folder["log.jsonl"], line + "\n" + line.Replace(":50,", ":100,", StringComparison.Ordinal) + "\n");
        CliFixture.Run("plot", folder["log.jsonl"], folder["log.png"]).Succeeds();
        Assert.Equal((1200, 600), PngSize(folder["log.png"]));
        byte[] whole = File.ReadAllBytes(folder["log.png"]);
        // A kill may cut the last line.
        File.AppendAllText(folder["log.jsonl"], line[..^40]);
        CliFixture.Run("plot", folder["log.jsonl"], folder["log.png"]).Succeeds();
        Assert.Equal(whole, File.ReadAllBytes(folder["log.png"]));
    }

    [Theory]
    [InlineData("no json\n")]
    [InlineData("no json")]
    public void A_log_that_is_none_is_refused_with_its_line(string text)
    {
        using var folder = new TempFolder();
        File.WriteAllText(folder["log.jsonl"], text);
        CliFixture.Run("plot", folder["log.jsonl"], folder["log.png"]).Fails(1, folder["log.jsonl"], "line 1");
        Assert.Equal(["log.jsonl"], folder.Entries());
    }
}
