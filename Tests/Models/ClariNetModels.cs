using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Models;

/// <summary>Small ClariNets.</summary>
internal static class ClariNetModels
{
    public static ClariNetConfig Small { get; } = new()
    {
        MelChannels = 4, Blocks = [1, 2], Layers = 2, FrontTaps = 4, Residual = 4, Gate = 6, Skip = 4, UpsampleScales = [8, 4],
    };

    public static TheoryData<ClariNetConfig> Configurations() => [Small, Small with { Blocks = [1], Kernel = 2, FrontTaps = 1, UpsampleScales = [32] }];

    /// <summary>A model with weights that leave no layer at its initial values.</summary>
    public static ClariNet Shaken(ClariNetConfig config)
    {
        var model = new ClariNet(config, 1, MelRecipe.ByName("flowavenet") with { Bands = 4, HopSize = 32 });
        model.Parameters.Randomize(3, 0.1);
        return model;
    }
}
