using System.Globalization;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>
/// A <see cref="Flowtron"/> from a checkpoint of https://github.com/NVIDIA/flowtron, as distributed or of a training run, read without running any code.
/// </summary>
public static class FlowtronCheckpoint
{
    private const string First = "flows.0.attention_lstm.weight_ih_l0";

    /// <summary>Whether a tensor's name is one that every Flowtron has and no other family.</summary>
    internal static bool IsKey(string name) => name == First;

    /// <summary>Whether a file is such a checkpoint, by the names of its tensors, which are not read.</summary>
    /// <exception cref="VocoderException">The file is missing or cannot be opened.</exception>
    public static bool CanRead(string path)
    {
        using FileStream stream = VoiceFiles.OpenRead(path);
        try
        {
            IEnumerable<string> names = PublishedCheckpoint.IsTorch(stream) ? TorchCheckpoint.Names(stream, path)
                : SafeTensorsHeader.Read(stream, path).Entries.Select(entry => entry.Name);
            return names.Any(IsKey);
        }
        catch (VocoderException)
        {
            return false;
        }
    }

    /// <summary>Reads a file of torch.save or a state dictionary as safetensors; the configuration follows from the shapes.</summary>
    /// <exception cref="VocoderException">The file cannot be read, or holds other weights.</exception>
    public static Flowtron Read(string path)
    {
        if (!CanRead(path)) throw new VocoderException($"{path}: found no tensor '{First}', expected a checkpoint of a Flowtron");
        // Two convolutions lie there under two names.
        Dictionary<string, SafeTensor> tensors = PublishedCheckpoint.Read(path)
            .Where(t => !t.Key.Contains(".attn_cond_layer.conv_layers.", StringComparison.Ordinal)).ToDictionary();
        int[] ShapeOf(string name) => tensors.GetValueOrDefault(name) is { Shape: { Length: >= 2 } shape } ? shape
            : throw new VocoderException($"{path}: found no tensor '{name}' of two axes or more, expected the weights of a Flowtron");
        int Count(Func<int, string> name) => Enumerable.Range(0, tensors.Count).TakeWhile(i => tensors.ContainsKey(name(i))).Count();
        int[] speakers = ShapeOf("speaker_embedding.weight"), symbols = ShapeOf("embedding.weight"), attention = ShapeOf(First);
        var config = new FlowtronConfig
        {
            Speakers = speakers[0], SpeakerChannels = speakers[1], Symbols = symbols[0], TextChannels = symbols[1], MelChannels = attention[1],
            Hidden = attention[0] / 4,
            AttentionChannels = ShapeOf("flows.0.attention_layer.query.linear_layer.weight")[0],
            Flows = Count(i => i % 2 == 0 ? Invariant($"flows.{i}.attention_lstm.weight_ih_l0") : Invariant($"flows.{i}.ar_step.attention_lstm.weight_ih_l0")),
            LstmLayers = Count(i => Invariant($"flows.0.lstm.weight_ih_l{i}")),
            CumulativeAttention = tensors.ContainsKey("flows.0.attn_cond_layer.location_conv_out.conv.bias"),
        };
        if (tensors.ContainsKey("gaussian_mixture.prob_layer.linear_layer.weight"))
        {
            int[] probabilities = ShapeOf("gaussian_mixture.prob_layer.linear_layer.weight");
            config = config with { Components = probabilities[0], MelEncoderChannels = probabilities[1] };
        }
        Flowtron model = VoiceWeights.WithSource(path, () => new Flowtron(config, VoiceWeights.SetFor(tensors)));
        VoiceWeights.Load(path, Flowtron.KindName, tensors, find => model.Parameters.Load(path, find));
        return model;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
