using System.Text.Json.Nodes;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;

namespace FlowVocoder.Tests.Models;

public class CompactConfigTests
{
    [Fact]
    public void Json_gives_back_every_value()
    {
        var config = new CompactConfig
        {
            Flow = FlowKind.Iaf, Solver = "rk4", SolverSteps = 3, Cycle = 2, Group = 64, Flows = 5, Layers = 3, Channels = 40, Kernel = 5, EarlyEvery = 3,
            EarlySize = 6, LogScaleClamp = 2.5f, LookAhead = 4, EncoderChannels = 50,
            ConditionChannels = 60, LinearPrediction = 18, LagWindow = 40, HarmonicBands = [500, 2000], Harmonics = [1, 5], PhasePositions = 8,
            PitchChannels = 70, MelOffset = 1.25f, MelFactor = 0.75f,
        };
        string json = config.ToJson();
        CompactConfig read = CompactConfig.FromJson(json, "x");
        Assert.Equal([1, 5], read.Harmonics);
        // An array compares by reference.
        Assert.Equal(config, read with { Harmonics = config.Harmonics, HarmonicBands = config.HarmonicBands });
        Assert.Equal(json, read.ToJson());
        // Every value of this test differs from its default.
        JsonObject changed = JsonNode.Parse(json)!.AsObject(), defaults = JsonNode.Parse(new CompactConfig().ToJson())!.AsObject();
        Assert.Equal(23, changed.Count);
        Assert.Equal("iaf", (string)changed["flow"]!);
        Assert.All(changed, member => Assert.False(JsonNode.DeepEquals(member.Value, defaults[member.Key]), member.Key));
        Assert.Equal(2.5, (double)changed["log_scale_clamp"]!);
    }

    [Fact]
    public void Absent_members_keep_their_default_and_comments_are_read_over() =>
        Assert.Equal(new CompactConfig { Group = 64 }.ToJson(), CompactConfig.FromJson("""{ "group": 64 /* 2.9 ms */ }""", "x").ToJson());

    [Fact]
    public void An_error_names_the_line_of_the_file() =>
        Assert.Contains("LineNumber: 3", Assert.Throws<VocoderException>(
            () => CompactConfig.FromJson("{\n\"group\": 64, // Samples.\n\"flows\": 5,\n\"layers\": \"3\",\n}", "x")).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[1]")]
    [InlineData("""{"groups": 64}""")]
    [InlineData("""{"group": "64"}""")]
    [InlineData("""{"group": 1.5}""")]
    [InlineData("""{"harmonics": null}""")]
    [InlineData("""{"flow": "made"}""")]
    [InlineData("""{"flow": 1}""")]
    public void Other_json_is_refused_in_one_line(string json)
    {
        string message = Assert.Throws<VocoderException>(() => CompactConfig.FromJson(json, "c.json")).Message;
        Assert.StartsWith("c.json: the model configuration is not usable: ", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    public static TheoryData<CompactConfig, string> Invalid()
    {
        var c = new CompactConfig();
        return new()
        {
            { c with { Group = 1 }, "group is 1, expected a divisor of the hop 256 between 2 and 256" },
            { c with { Group = 48 }, "group is 48, expected a divisor of the hop 256 between 2 and 256" },
            { c with { Group = 512 }, "group is 512, expected a divisor of the hop 256 between 2 and 256" },
            { c with { Flows = 0 }, "flows is 0, expected 1 to 64" },
            { c with { Flows = 65 }, "flows is 65, expected 1 to 64" },
            { c with { Layers = 0 }, "layers is 0, expected 1 to 64" },
            { c with { Layers = 65 }, "layers is 65, expected 1 to 64" },
            { c with { Layers = 17 }, "cycle is 0, expected 1 to 16, or 0 with at most 16 layers" },
            { c with { Cycle = 17 }, "cycle is 17, expected 1 to 16, or 0 with at most 16 layers" },
            { c with { Flow = FlowKind.Maf, Group = 0 }, "group is 0, expected a divisor of the hop 256 between 1 and 256" },
            { c with { Flow = FlowKind.Iaf, EarlySize = 16 }, "flow 4 would have 0 channels, expected at least 1 (group 32, 16 leave every 2 flows)" },
            { c with { Flow = FlowKind.Continuous, EarlyEvery = 0 }, "flows is 6, expected 1 with a continuous flow, whose steps are those of its solver" },
            { c with { Flow = FlowKind.Continuous, Flows = 1 }, "early_every is 2, expected 0 with a continuous flow, which is one" },
            { c with { SolverSteps = 65 }, "solver_steps is 65, expected 1 to 64" },
            { c with { Channels = 0 }, "channels is 0, expected 1 to 1024" },
            { c with { Channels = 1025 }, "channels is 1025, expected 1 to 1024" },
            { c with { Kernel = 0 }, "kernel is 0, expected 1 to 15" },
            { c with { Kernel = 16 }, "kernel is 16, expected 1 to 15" },
            { c with { EarlyEvery = -1 }, "early_every is -1, expected 0 or more" },
            { c with { EarlySize = 3 }, "early_size is 3, expected an even number, above 0 when early_every is" },
            { c with { EarlySize = 0 }, "early_size is 0, expected an even number, above 0 when early_every is" },
            { c with { EarlySize = -2, EarlyEvery = 0 }, "early_size is -2, expected an even number, above 0 when early_every is" },
            { c with { EarlySize = 16 }, "flow 4 would have 0 channels, expected an even number of at least 2 (group 32, 16 leave every 2 flows)" },
            { c with { LogScaleClamp = -0.5f }, "log_scale_clamp is -0.5, expected 0 to 20" },
            { c with { LogScaleClamp = float.NaN }, "log_scale_clamp is NaN, expected 0 to 20" },
            { c with { LookAhead = 0 }, "look_ahead is 0, expected 1 to 16 frames" },
            { c with { LookAhead = 17 }, "look_ahead is 17, expected 1 to 16 frames" },
            { c with { LookAhead = 1 }, "look_ahead is 1, expected 2 or more with a phase condition" },
            { c with { EncoderChannels = 0 }, "encoder_channels is 0, expected 1 to 1024" },
            { c with { ConditionChannels = 0 }, "condition_channels is 0, expected 1 to 1024" },
            { c with { LinearPrediction = -1 }, "linear_prediction is -1, expected 0 to 64" },
            { c with { LinearPrediction = 65 }, "linear_prediction is 65, expected 0 to 64" },
            { c with { Harmonics = [1, 0] }, "harmonics is 1,0, expected numbers of 1 to 100" },
            { c with { Harmonics = [101] }, "harmonics is 101, expected numbers of 1 to 100" },
            { c with { PhasePositions = 0 }, "phase_positions is 0, expected a divisor of the group 32" },
            { c with { PhasePositions = 5 }, "phase_positions is 5, expected a divisor of the group 32" },
            { c with { PitchChannels = 1025 }, "pitch_channels is 1025, expected 1 to 1024" },
            { c with { MelOffset = float.NaN }, "mel_offset is NaN, expected a finite number" },
            { c with { MelFactor = 0 }, "mel_scale is 0, expected a finite number other than 0" },
            { c with { MelFactor = float.PositiveInfinity }, "mel_scale is Infinity, expected a finite number other than 0" },
        };
    }

    [Theory]
    [MemberData(nameof(Invalid), DisableDiscoveryEnumeration = true)]
    public void Numbers_that_cannot_be_built_are_refused(CompactConfig config, string expected) =>
        Assert.Equal("configuration: " + expected, Assert.Throws<VocoderException>(() => new CompactVocoder(config, CompactModels.Nvidia)).Message);

    [Fact]
    public void Linear_prediction_needs_four_blocks_in_a_hop()
    {
        MelRecipe recipe = CompactModels.Nvidia with { HopSize = 250 };
        CompactConfig config = CompactModels.Small with { Group = 10 };
        Assert.Equal("configuration: linear_prediction is 8, expected 0 with a hop of 250, which is no multiple of 4",
            Assert.Throws<VocoderException>(() => config.Validate(recipe)).Message);
        (config with { LinearPrediction = 0 }).Validate(recipe);
    }
}
