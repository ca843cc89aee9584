using System.Globalization;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>A <see cref="WaveFlow"/> from a voice file, or from a checkpoint of https://github.com/L0SG/WaveFlow.</summary>
public static class WaveFlowVoice
{
    private const string First = "flows.0.coupling.net.res_blocks.0.";

    /// <summary>The model of a voice file.</summary>
    /// <exception cref="VocoderException">The file holds another kind of model, or tensors that do not fit its configuration.</exception>
    public static WaveFlow FromFile(VoiceFile voice)
    {
        if (voice.Model != WaveFlow.KindName)
            throw new VocoderException($"{voice.Source}: holds a model of kind {VoiceFiles.Quote(voice.Model)}, expected '{WaveFlow.KindName}'");
        return Create(WaveFlowConfig.FromJson(voice.Config, voice.Source), () => MelRecipe.FromJson(voice.Recipe), voice.Source, voice.Tensors);
    }

    /// <summary>Whether a tensor's name is one that every published WaveFlow has and no other family.</summary>
    internal static bool IsKey(string name) => name.EndsWith(First + "filter_gate_conv_c.weight_v", StringComparison.Ordinal);

    /// <summary>
    /// The model of a published state dictionary. Bands, channels, flows, layers and scales follow from the shapes; the height, its dilations and the
    /// permutation leave no trace in them and are those of the published configurations (16 rows, no dilation, halves reversed), unless a file of the same name
    /// with the extension .json says otherwise, in the names of <see cref="WaveFlowConfig"/>.
    /// </summary>
    internal static WaveFlow FromTensors(IReadOnlyDictionary<string, SafeTensor> tensors, string path)
    {
        string beside = Path.ChangeExtension(path, ".json");
        WaveFlowConfig config = (File.Exists(beside) ? WaveFlowConfig.FromJson(File.ReadAllText(beside), beside) : new WaveFlowConfig()) with
        {
            MelChannels = ShapeOf(First + "filter_gate_conv_c.weight_v")[1], Channels = ShapeOf(First + "res_skip_conv.weight_v")[1],
            Flows = Count(k => Invariant($"flows.{k}.coupling.net.front_conv.0.conv.weight_v")),
            Layers = Count(i => Invariant($"flows.0.coupling.net.res_blocks.{i}.res_skip_conv.weight_v")),
            UpsampleScales = [.. Enumerable.Range(0, Count(Upsampling)).Select(i => ShapeOf(Upsampling(i))[3] / 2)],
        };
        return Create(config, () => null, path, tensors);

        static string Upsampling(int i) => Invariant($"upsample_conv.{2 * i}.weight_v");
        int Count(Func<int, string> name) => Enumerable.Range(0, tensors.Count).TakeWhile(i => tensors.ContainsKey(name(i))).Count();
        int[] ShapeOf(string name) => tensors.GetValueOrDefault(name) is { Shape: { Length: 4 } shape } ? shape
            : throw new VocoderException($"{path}: found no tensor '{name}' of four axes, expected the weights of a WaveFlow");
    }

    private static WaveFlow Create(WaveFlowConfig config, Func<MelRecipe?> recipe, string source, IReadOnlyDictionary<string, SafeTensor> tensors)
    {
        WaveFlow model = VoiceWeights.WithSource(source, () => new WaveFlow(config, VoiceWeights.SetFor(tensors), recipe()));
        VoiceWeights.Load(source, WaveFlow.KindName, tensors, find => model.Parameters.Load(source, find));
        return model;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
