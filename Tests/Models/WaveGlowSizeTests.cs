using FlowVocoder.Compute;
using FlowVocoder.Models;

namespace FlowVocoder.Tests.Models;

/// <summary>The published figures of the model of 12 flows, 8 layers and 256 channels (WaveFlow, Ping et al. 2020, table 1; SqueezeWave's MAC count).</summary>
public class WaveGlowSizeTests(ITestOutputHelper output)
{
    [Fact]
    public void The_published_model_has_its_size_cost_and_reach()
    {
        var model = new WaveGlow(WaveGlow.DefaultConfig);
        IReadOnlyList<Parameter> items = model.Parameters.Items;
        Assert.Equal(686, items.Count);
        Assert.Equal(87_879_272, model.Parameters.Count);
        long plain = items.Where(p => !p.Name.EndsWith(".weight_g", StringComparison.Ordinal)).Sum(p => (long)p.Value.Size);
        // Gains of in_layers, res_skip_layers, start and cond_layer, in each flow.
        Assert.Equal(87_879_272 - 12 * (8 * 512 + 7 * 512 + 256 + 256 + 4096), plain);
        double gigaMacs = model.MacsPerSample * 22050 / 1e9;
        output.WriteLine($"{gigaMacs:f3} GMAC/s, {model.ReceptiveField} samples either side");
        Assert.Equal(223.9, gigaMacs, 0.05);
        Assert.Equal(24_480, model.ReceptiveField);
        Assert.Equal([4, 2, 2], model.NoiseChannels);

        Dictionary<string, int[]> shapes = items.ToDictionary(p => p.Name, p => p.Shape);
        Assert.Equal([80, 80, 1024], shapes["upsample.weight"]);
        Assert.Equal([80], shapes["upsample.bias"]);
        Assert.Equal([4096, 640, 1], shapes["WN.0.cond_layer.weight_v"]);
        Assert.Equal([4096, 1, 1], shapes["WN.11.cond_layer.weight_g"]);
        Assert.Equal([512, 256, 3], shapes["WN.3.in_layers.7.weight_v"]);
        Assert.Equal([512, 256, 1], shapes["WN.3.res_skip_layers.6.weight_v"]);
        Assert.Equal([256, 256, 1], shapes["WN.3.res_skip_layers.7.weight_v"]);
        int[] channels = [8, 8, 8, 8, 6, 6, 6, 6, 4, 4, 4, 4];
        for (int k = 0; k < 12; k++)
        {
            Assert.Equal([channels[k], channels[k], 1], shapes[$"convinv.{k}.conv.weight"]);
            Assert.Equal([256, channels[k] / 2, 1], shapes[$"WN.{k}.start.weight_v"]);
            Assert.Equal([channels[k], 256, 1], shapes[$"WN.{k}.end.weight"]);
        }
    }
}
