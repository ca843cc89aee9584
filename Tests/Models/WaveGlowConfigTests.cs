using System.Text.Json.Nodes;
using FlowVocoder.Models;

namespace FlowVocoder.Tests.Models;

public class WaveGlowConfigTests
{
    [Fact]
    public void The_published_json_is_read_and_written()
    {
        WaveGlowConfig config = WaveGlowReference.Config;
        Assert.Equal(new WaveGlowConfig(8, 6, 8, 2, 2, new WaveGlowWaveNetConfig(3, 32, 3), 1024, 256), config);
        JsonObject published = JsonNode.Parse(WaveGlowReference.ConfigText)!.AsObject();
        published.Remove("seed");
        Assert.True(JsonNode.DeepEquals(published, JsonNode.Parse(config.ToJson())), config.ToJson());
    }

    [Fact]
    public void The_member_of_the_training_configuration_is_found()
    {
        string json = $$"""{"train_config": {"sigma": 1.0}, "waveglow_config": {{WaveGlowReference.ConfigText}}}""";
        Assert.Equal(WaveGlowReference.Config, WaveGlowConfig.FromJson(json, "config.json"));
    }

    [Fact]
    public void Another_upsampling_survives_json()
    {
        WaveGlowConfig config = WaveGlow.DefaultConfig with { UpsampleKernel = 600, UpsampleStride = 300 };
        Assert.Equal(config, WaveGlowConfig.FromJson(config.ToJson(), "x"));
    }

    [Theory]
    [InlineData("{", "c.json: not a WaveGlow configuration: ")]
    [InlineData("null", "c.json: not a WaveGlow configuration: ")]
    [InlineData("[1]", "c.json: not a WaveGlow configuration: ")]
    [InlineData("""{"n_flows": 6}""", "n_mel_channels")]
    [InlineData("""{"n_mel_channels":8,"n_flows":"six","n_group":8,"n_early_every":2,"n_early_size":2,"WN_config":{"n_layers":3,"n_channels":32,"kernel_size":3}}""", "n_flows")]
    [InlineData("""{"n_mel_channels":8,"n_flows":6,"n_group":8,"n_early_every":2,"n_early_size":2,"WN_config":null}""", "WN_config")]
    [InlineData("""{"n_mel_channels":8,"n_flows":6,"n_group":8,"n_early_every":2,"n_early_size":2,"WN_config":{"n_layers":3,"n_channels":32,"kernel_size":4}}""", "c.json: kernel_size is 4, expected an odd number")]
    public void Other_json_is_refused_in_one_line(string json, string expected)
    {
        string message = Assert.Throws<VocoderException>(() => WaveGlowConfig.FromJson(json, "c.json")).Message;
        Assert.StartsWith("c.json: ", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('\n', message);
    }

    public static TheoryData<WaveGlowConfig, string> Invalid()
    {
        WaveGlowConfig c = WaveGlowReference.Config;
        return new()
        {
            { c with { MelChannels = 0 }, "n_mel_channels is 0" },
            { c with { Flows = 0 }, "n_flows is 0" },
            { c with { Group = 7 }, "n_group is 7, expected an even number" },
            { c with { EarlyEvery = 0 }, "n_early_every is 0" },
            { c with { EarlySize = -2 }, "n_early_size is -2" },
            { c with { EarlySize = 1 }, "flow 2 would have 7 channels" },
            { c with { EarlySize = 4 }, "flow 4 would have 0 channels" },
            { c with { WaveNet = c.WaveNet with { Layers = 0 } }, "n_layers is 0" },
            { c with { WaveNet = c.WaveNet with { Layers = 40 } }, "n_layers is 40" },
            { c with { WaveNet = c.WaveNet with { Channels = 31 } }, "n_channels is 31" },
            { c with { WaveNet = c.WaveNet with { Kernel = 2 } }, "kernel_size is 2, expected an odd number" },
            { c with { UpsampleStride = 0 }, "upsample_stride is 0" },
            { c with { UpsampleKernel = 255 }, "upsample_kernel_size is 255, expected at least the stride, 256" },
            { c with { MelChannels = int.MaxValue }, "n_mel_channels is 2147483647, expected 1 to 1024" },
            { c with { WaveNet = c.WaveNet with { Channels = 1 << 30 } }, "n_channels is 1073741824, expected an even number from 2 to 4096" },
            { c with { UpsampleKernel = int.MaxValue }, "the weight of upsample would have" },
            { c with { MelChannels = 80, Group = 256, WaveNet = c.WaveNet with { Channels = 4096 } }, "the weight of cond_layer would have" },
        };
    }

    [Theory]
    [MemberData(nameof(Invalid), DisableDiscoveryEnumeration = true)]
    public void Layers_that_do_not_fit_are_refused_before_memory_is_taken(WaveGlowConfig config, string expected)
    {
        string message = Assert.Throws<VocoderException>(() => new WaveGlow(config)).Message;
        Assert.StartsWith("configuration: ", message, StringComparison.Ordinal);
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }
}
