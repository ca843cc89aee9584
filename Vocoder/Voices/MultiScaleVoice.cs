using System.Globalization;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>
/// A <see cref="FloWaveNet"/> or <see cref="WaveNode"/> from a voice file, or from a checkpoint of https://github.com/ksw0306/FloWaveNet or
/// https://github.com/ANLGBOY/WaveNODE.
/// </summary>
public static class MultiScaleVoice
{
    private const string FloWaveNetFirst = "blocks.0.flows.0.coupling.net.", WaveNodeFirst = "blocks.0.chains.2.odefunc.diffeq.layer.";

    /// <summary>The model of a voice file.</summary>
    /// <exception cref="VocoderException">The file holds another kind of model, or tensors that do not fit its configuration.</exception>
    public static MultiScaleVocoder FromFile(VoiceFile voice) => voice.Model switch
    {
        FloWaveNet.KindName => Create(FloWaveNetConfig.FromJson(voice.Config, voice.Source), MelRecipe.FromJson(voice.Recipe), voice.Source, voice.Tensors),
        WaveNode.KindName => Create(WaveNodeConfig.FromJson(voice.Config, voice.Source), MelRecipe.FromJson(voice.Recipe), voice.Source, voice.Tensors),
        _ => throw new VocoderException(
            $"{voice.Source}: holds a model of kind {VoiceFiles.Quote(voice.Model)}, expected '{FloWaveNet.KindName}' or '{WaveNode.KindName}'"),
    };

    /// <summary>Whether a tensor's name is one that every published model of the two families has and no other family.</summary>
    internal static bool IsKey(string name) => name is FloWaveNetFirst + "front_conv.0.conv.weight_v" or WaveNodeFirst + "start.weight_v";

    /// <summary>
    /// The model of a published state dictionary, whose configuration follows from the names and shapes of its tensors, but for WaveNODE's factor of dilations
    /// and its solver, which are the default values.
    /// </summary>
    internal static MultiScaleVocoder FromTensors(IReadOnlyDictionary<string, SafeTensor> tensors, string path)
    {
        int Count(Func<int, string> name) => Enumerable.Range(0, tensors.Count).TakeWhile(i => tensors.ContainsKey(name(i))).Count();
        int[] ShapeOf(string name) => tensors.GetValueOrDefault(name) is { Shape: { Length: >= 3 } shape } ? shape
            : throw new VocoderException($"{path}: found no tensor '{name}' of three axes or more, expected the weights of a FloWaveNet or WaveNODE");
        if (tensors.ContainsKey(FloWaveNetFirst + "front_conv.0.conv.weight_v"))
        {
            int[] front = ShapeOf(FloWaveNetFirst + "front_conv.0.conv.weight_v");
            int blocks = Count(i => Invariant($"blocks.{i}.flows.0.actnorm.loc")),
                split = Enumerable.Range(0, blocks).FirstOrDefault(i => tensors.ContainsKey(Invariant($"blocks.{i}.prior.front_conv.0.conv.bias")), -1);
            return Create(new FloWaveNetConfig
            {
                MelChannels = ShapeOf(FloWaveNetFirst + "res_blocks.0.filter_conv_c.weight_v")[1], Blocks = blocks,
                Flows = Count(k => Invariant($"blocks.0.flows.{k}.actnorm.loc")),
                Layers = Count(i => Invariant($"{FloWaveNetFirst}res_blocks.{i}.res_conv.bias")),
                Affine = ShapeOf(FloWaveNetFirst + "final_conv.3.conv.weight")[0] == 2 * front[1],
                BlocksPerSplit = split < 0 ? Math.Max(1, blocks) : split + 1, Channels = front[0],
                UpsampleScales = [.. Enumerable.Range(0, Count(i => Invariant($"upsample_conv.{2 * i}.bias")))
                    .Select(i => ShapeOf(Invariant($"upsample_conv.{2 * i}.weight_v"))[^1] / 2)],
            }, null, path, tensors);
        }
        int[] start = ShapeOf(WaveNodeFirst + "start.weight_v");
        int parts = Count(i => tensors.ContainsKey(Invariant($"blocks.{i}.prior.start.bias")) ? Invariant($"blocks.{i}.prior.start.bias")
            : Invariant($"blocks.{i}.chains.1.actnorm.loc"));
        int[] splits = [.. Enumerable.Range(0, parts).Where(i => tensors.ContainsKey(Invariant($"blocks.{i}.prior.start.bias")))];
        // A block after a block has as many times its channels as its squeeze joins.
        int scale = splits.Contains(1) || parts < 2 ? 2 : ShapeOf("blocks.1.chains.1.actnorm.loc")[1] / start[1];
        string prior = splits.Length > 0 ? Invariant($"blocks.{splits[0]}.prior.") : "";
        var config = new WaveNodeConfig
        {
            MelChannels = ShapeOf("upsample.weight")[0], Blocks = parts - splits.Length, Scale = scale, FirstScale = start[1] / Math.Max(1, scale),
            SplitPeriod = splits.Length > 0 ? splits[0] : parts,
            Layers = Count(i => Invariant($"{WaveNodeFirst}in_layers.{i}.bias")), Channels = start[0],
        };
        if (splits.Length > 0)
            config = config with { PriorLayers = Count(i => Invariant($"{prior}in_layers.{i}.bias")), PriorChannels = ShapeOf(prior + "start.weight_v")[0] };
        return Create(config, null, path, tensors.Where(t => !t.Key.EndsWith("._num_evals", StringComparison.Ordinal)).ToDictionary());
    }

    private static FloWaveNet Create(FloWaveNetConfig config, MelRecipe? recipe, string source, IReadOnlyDictionary<string, SafeTensor> tensors) =>
        Filled(source, tensors, VoiceWeights.WithSource(source, () => new FloWaveNet(config, VoiceWeights.SetFor(tensors), recipe)));

    private static WaveNode Create(WaveNodeConfig config, MelRecipe? recipe, string source, IReadOnlyDictionary<string, SafeTensor> tensors) =>
        Filled(source, tensors, VoiceWeights.WithSource(source, () => new WaveNode(config, VoiceWeights.SetFor(tensors), recipe)));

    private static T Filled<T>(string source, IReadOnlyDictionary<string, SafeTensor> tensors, T model) where T : MultiScaleVocoder
    {
        VoiceWeights.Load(source, model.Kind, tensors, find => model.Parameters.Load(source, find));
        foreach (var scale in model.Parameters.Items.Where(p => p.Name.EndsWith("actnorm.scale", StringComparison.Ordinal)))
            if (scale.Value.Span.Contains(0f))
                throw new VocoderException($"{source}: tensor {VoiceFiles.Quote(scale.Name)}: found a scale of 0, expected scales that can be undone");
        return model;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
