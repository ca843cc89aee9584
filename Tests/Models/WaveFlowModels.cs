using System.Text.Json;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Tests.Models;

/// <summary>Small WaveFlows.</summary>
internal static class WaveFlowModels
{
    public static TheoryData<WaveFlowConfig> Configurations() =>
    [
        Small with { Flows = 2 },                                    // permutations that together change the rows
        Small with { Flows = 4 },
        Small with { Flows = 6, Height = 4, HeightCycle = 2 },
        Small with { Flows = 2, SplitHalves = false, Height = 2 },
        Small with { Flows = 2, Layers = 1, Height = 12, UpsampleScales = [24] },
    ];

    private static WaveFlowConfig Small => new() { MelChannels = 5, Channels = 6, Height = 8, Layers = 2, UpsampleScales = [4, 6] };

    /// <summary>A model with weights that leave no layer at its initial identity.</summary>
    public static WaveFlow Shaken(WaveFlowConfig config)
    {
        int hop = config.UpsampleScales.Aggregate(1, (a, b) => a * b);
        var model = new WaveFlow(config, 1, MelRecipe.ByName("nvidia") with { Bands = config.MelChannels, HopSize = hop });
        foreach (Parameter p in model.Parameters.Items.Where(p => p.Name.Contains("proj", StringComparison.Ordinal)))
        {
            new Philox(5).Normal(p.Value, 0, p.Name.Length);
            foreach (ref float w in p.Value.Span) w *= 0.2f;
            p.Value.MarkChanged();
        }
        return model;
    }

    public static WaveFlowConfig Config(JsonElement json)
    {
        int Number(string name) => json.GetProperty(name).GetInt32();
        return new WaveFlowConfig
        {
            MelChannels = Number("cin_channel"), Channels = Number("res_channel"), Height = Number("n_height"), Flows = Number("n_flow"),
            Layers = Number("n_layer"),
            HeightCycle = Number("layers_per_dilation_h_cycle"), SplitHalves = json.GetProperty("bipartize").GetBoolean(),
        };
    }
}
