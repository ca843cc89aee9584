using FlowVocoder.Flows;
using FlowVocoder.Models;
using FlowVocoder.Tests.Models;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Streaming;

/// <summary>Every model that can stream. The properties of streams are tested on all of them: a new kind of model is one more line here.</summary>
internal static class StreamingModels
{
    private const int RandomConfigurations = 6;
    private static readonly Dictionary<string, Func<VocoderModel>> s_models = [];

    static StreamingModels()
    {
        foreach (var (i, row) in CompactModels.Configurations().Index()) s_models[$"compact {i}"] = () => CompactModels.Create(row.Data);
        foreach (var (i, row) in CompactModels.Continuous().Index()) s_models[$"continuous {i}"] = () => CompactModels.Create(row.Data);
        for (int seed = 1; seed <= RandomConfigurations; seed++)
        {
            CompactConfig config = Draw(new Random(seed));
            s_models[$"compact, random {seed}"] = () => CompactModels.Create(config);
        }
        foreach (var (i, row) in WaveGlowTests.Configurations().Index()) s_models[$"waveglow {i}"] = () => WaveGlowTests.Shaken(row.Data);
        foreach (var (i, row) in WaveFlowModels.Configurations().Index()) s_models[$"waveflow {i}"] = () => WaveFlowModels.Shaken(row.Data);
        foreach (var (i, row) in MultiScaleModels.All().Index()) s_models[$"waves {i}"] = () => MultiScaleModels.Shaken(row.Data);
        foreach (var (i, create) in ClariNetModels.All.Index()) s_models[$"clarinet {i}"] = create;
        foreach (string name in VoiceLibrary.Names()) s_models[$"voice {name}"] = () => VoiceLibrary.Load(name).Model;
    }

    /// <summary>Names of all with passes of matching: all of them without, and some of each kind with some.</summary>
    public static TheoryData<string, int> All => new(Matched(_ => true));

    /// <summary>The same of those whose layers remember the past, so that nothing is computed twice.</summary>
    public static TheoryData<string, int> Causal => new(Matched(name => !name.StartsWith("wave", StringComparison.Ordinal)));

    private static IEnumerable<(string Name, int Match)> Matched(Func<string, bool> isWanted) => s_models.Keys.Where(isWanted)
        .SelectMany((name, i) => i % 4 == 0 || name == "voice student" || name == "waveglow 0" ? (IEnumerable<(string, int)>)[(name, 0), (name, 1 + i % 3)]
            : [(name, 0)]);

    /// <summary>The model of a name, with weights that leave no layer at its initial identity.</summary>
    public static VocoderModel Create(string name) => s_models[name]();

    private static CompactConfig Draw(Random random)
    {
        bool hasPhase = random.Next(2) == 0;
        var kind = (FlowKind)random.Next(3);
        int group = 16 << random.Next(4), every = random.Next(3);
        return CompactModels.Small with
        {
            Flow = kind, Group = group, Flows = random.Next(1, 4), Layers = random.Next(1, 4), Channels = random.Next(3, 12), Kernel = random.Next(1, 5),
            EarlyEvery = every, EarlySize = every == 0 ? 0 : 2, LogScaleClamp = random.Next(2) * 3, LookAhead = random.Next(hasPhase ? 2 : 1, 5),
            LinearPrediction = random.Next(2) * random.Next(1, 25), Harmonics = hasPhase ? [1, 2 + random.Next(3)] : [], PhasePositions = 1 << random.Next(3),
            HarmonicBands = hasPhase ? [600, 2500, 7000] : [], LagWindow = random.Next(2) * 60,
        };
    }
}
