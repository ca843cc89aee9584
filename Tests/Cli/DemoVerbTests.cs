using System.Buffers.Binary;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Training.Demo;

namespace FlowVocoder.Tests.Cli;

public class DemoVerbTests
{
    [Fact]
    public void It_draws_four_panels_and_tells_the_likelihood()
    {
        using var folder = new TempFolder();
        CliResult result = CliFixture.Run("demo", "two-moons", folder["moons.png"], "--flow", "spline", "--steps", "40").Succeeds();
        byte[] png = File.ReadAllBytes(folder["moons.png"]);
        Assert.Equal((1112, 1192), (BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(16)), BinaryPrimitives.ReadInt32BigEndian(png.AsSpan(20))));
        double nats = PlaneTraining.Train(PlaneFlow.ByName("spline"), 40, 0).LogLikelihood(PlaneTraining.TestPoints(0, 10_000));
        Assert.Contains(FormattableString.Invariant($"test log-likelihood: {nats:0.000} nats"), result.Output, StringComparison.Ordinal);
        Assert.Contains("step 8 of 40: loss ", result.Output, StringComparison.Ordinal);
        Assert.Equal(["moons.png"], folder.Entries());
    }

    [Fact]
    public void A_seed_repeats_the_picture()
    {
        using var folder = new TempFolder();
        byte[] Picture(string seed)
        {
            CliFixture.Run("demo", "two-moons", folder["a.png"], "--flow", "linear", "--steps", "10", "--seed", seed).Succeeds();
            return File.ReadAllBytes(folder["a.png"]);
        }
        byte[] first = Picture("1");
        Assert.Equal(first, Picture("1"));
        Assert.NotEqual(first, Picture("2"));
    }

    [Theory]
    [InlineData("demo"), InlineData("demo two-moons"), InlineData("demo one-moon a.png"), InlineData("demo two-moons a.jpg")]
    [InlineData("demo two-moons a.png --flow diffusion"), InlineData("demo two-moons a.png --steps 0"), InlineData("demo two-moons a.png --steps some")]
    public void Wrong_usage_is_one_line_and_exit_code_2(string line) => CliFixture.Run(line.Split(' ')).Fails(2);

    [Fact]
    public void An_unknown_flow_is_refused_with_those_there_are() =>
        CliFixture.Run("demo", "two-moons", "a.png", "--flow", "diffusion").Fails(2, [.. PlaneFlow.All.Select(flow => flow.Name)]);

    [Fact]
    public void A_place_that_cannot_be_written_is_told_before_the_training()
    {
        using var folder = new TempFolder();
        CliResult result = CliFixture.Run("demo", "two-moons", folder["none/a.png"]).Fails(1, "a.png");
        Assert.DoesNotContain("step", result.Output, StringComparison.Ordinal);
    }
}
