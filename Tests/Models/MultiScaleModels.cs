using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Models;

/// <summary>Small FloWaveNets and WaveNODEs.</summary>
internal static class MultiScaleModels
{
    public static TheoryData<int> All() => [0, 1, 2, 3];

    /// <summary>A model with weights that leave no layer at its initial identity.</summary>
    /// <param name="number">Which.</param>
    /// <param name="steps">Steps of the solver of a WaveNODE.</param>
    public static MultiScaleVocoder Shaken(int number, int steps = 1)
    {
        MelRecipe recipe = MelRecipe.ByName("flowavenet") with { Bands = 4, HopSize = 64 };
        var flow = new FloWaveNetConfig { MelChannels = 4, Blocks = 3, Flows = 2, Layers = 1, BlocksPerSplit = 2, Channels = 4, UpsampleScales = [8, 8] };
        var node = new WaveNodeConfig
        {
            MelChannels = 4, Blocks = 2, SplitPeriod = 1, Layers = 1, Channels = 4, PriorLayers = 1, PriorChannels = 4, SolverSteps = steps,
            Solver = "midpoint",
        };
        MultiScaleVocoder model = number switch
        {
            0 => new FloWaveNet(flow, 1, recipe),
            1 => new FloWaveNet(flow with { Flows = 3, Affine = false, BlocksPerSplit = 1 }, 1, recipe),
            2 => new WaveNode(node, 1, recipe),
            _ => new WaveNode(node with { Layers = 2, SplitPeriod = 2, Solver = "rk4" }, 1, recipe),
        };
        model.Parameters.Randomize(number + 3, 0.1);
        return model;
    }
}
