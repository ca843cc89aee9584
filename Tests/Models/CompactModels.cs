using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Models;

/// <summary>Small compact models whose every parameter is random, so that no layer is left at its initial identity.</summary>
internal static class CompactModels
{
    public static readonly MelRecipe Nvidia = MelRecipe.ByName("nvidia");

    public static readonly CompactConfig Small = new()
    {
        Group = 16, Flows = 3, Layers = 2, Channels = 8, EncoderChannels = 8, ConditionChannels = 6, LinearPrediction = 8, Harmonics = [1, 3],
        PhasePositions = 2, PitchChannels = 8,
    };

    /// <summary>
    /// Couplings and autoregressive flows, groups of 16, 32 and 64, early outputs, linear prediction and phase on and off, look-ahead 1 to 3.
    /// </summary>
    public static TheoryData<CompactConfig> Configurations() =>
    [
        Small with { LookAhead = 3 },
        Small with { Group = 32, EarlyEvery = 0, EarlySize = 0, LinearPrediction = 24, Layers = 3 },
        Small with { Group = 64, EarlyEvery = 1, EarlySize = 2, LinearPrediction = 0, LogScaleClamp = 0 },
        Small with { Harmonics = [], LookAhead = 1 },
        Small with { Group = 32, Harmonics = [], LinearPrediction = 0, LookAhead = 1, Kernel = 2 },
        Small with { Group = 64, Harmonics = [], LookAhead = 3, EarlyEvery = 0, EarlySize = 0 },
        Small with { Flow = FlowKind.Maf, EarlyEvery = 0, EarlySize = 0, Layers = 3, Cycle = 2 },
        Small with { Flow = FlowKind.Maf, Group = 64, Harmonics = [], LookAhead = 1 },
        Small with { Flow = FlowKind.Iaf, EarlyEvery = 0, EarlySize = 0, Kernel = 2 },
        Small with { Flow = FlowKind.Iaf, Group = 32, Harmonics = [], LinearPrediction = 0, LookAhead = 1 },
    ];

    /// <summary>Continuous flows, whose inverse is near and not exact: each solver, with and without all around it.</summary>
    public static TheoryData<CompactConfig> Continuous() =>
    [
        Small with { Flow = FlowKind.Continuous, Flows = 1, EarlyEvery = 0, Solver = "euler", SolverSteps = 2, HarmonicBands = [600, 2500, 7000] },
        Small with { Flow = FlowKind.Continuous, Flows = 1, EarlyEvery = 0, Solver = "midpoint", SolverSteps = 2, Group = 64, Harmonics = [],
            LinearPrediction = 0, LookAhead = 1, Kernel = 2 },
        Small with { Flow = FlowKind.Continuous, Flows = 1, EarlyEvery = 0, Solver = "rk4", SolverSteps = 1, Layers = 3, Kernel = 2 },
    ];

    public static TheoryData<CompactConfig> WithoutPhase() => [.. Configurations().Where(row => row.Data.Harmonics.Length == 0)];

    public static CompactVocoder Create(CompactConfig config, MelRecipe? recipe = null)
    {
        var model = new CompactVocoder(config, recipe ?? Nvidia, seed: 1);
        // Wide triangular factors are ill-conditioned under much noise; the last layers, zero at first, need more to matter.
        model.Parameters.Randomize(2, 0.03);
        var random = new Random(3);
        foreach (Parameter p in model.Parameters.Items.Where(p => p.Name.Contains(".end.", StringComparison.Ordinal)))
        {
            foreach (ref float value in p.Value.Span) value += (float)(0.3 * random.NextNormal());
            p.Value.MarkChanged();
        }
        // Mels, not biases, shall decide what the pitch net hears: then some frames are voiced and some are not.
        foreach (Parameter p in model.Parameters.Items.Where(p => p.Name.StartsWith("pitch.", StringComparison.Ordinal)))
        {
            foreach (ref float value in p.Value.Span) value *= p.Name.EndsWith("weight", StringComparison.Ordinal) ? 4f : 0.25f;
            p.Value.MarkChanged();
        }
        return model;
    }

    /// <summary>Standard normal latents of a model, as the stream draws them, times sigma.</summary>
    public static Tensor[] Latents(CompactVocoder model, ulong seed, float sigma, int steps)
    {
        var random = new Philox(seed);
        Tensor[] parts = [.. model.Stack.LatentChannels.Select(channels => new Tensor(1, channels, steps))];
        for (int i = 0; i < parts.Length; i++)
            for (int c = 0; c < parts[i].Channels; c++)
            {
                random.Normal(parts[i].Row(0, c), (uint)i, (uint)c, 0);
                foreach (ref float z in parts[i].Row(0, c)) z *= sigma;
            }
        return parts;
    }
}
