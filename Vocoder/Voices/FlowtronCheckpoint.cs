using System.Globalization;
using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>
/// A <see cref="Flowtron"/> from a file that was trained here, or from a checkpoint of https://github.com/NVIDIA/flowtron, as distributed or of a training
/// run, read without running any code.
/// </summary>
public static class FlowtronCheckpoint
{
    private const string SecondName = ".attn_cond_layer.conv_layers.";

    // Of the first name, that of the convolution in the published sequence of layers.
    private static readonly (string First, string Second)[] s_twice =
        [(".attn_cond_layer.location_conv_hidden.", SecondName + "0."), (".attn_cond_layer.location_conv_out.", SecondName + "2.")];

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

    /// <summary>
    /// Reads a file that was trained here, one of torch.save, or a state dictionary as safetensors; the configuration of the last two follows from the shapes.
    /// </summary>
    /// <exception cref="VocoderException">The file cannot be read, or holds other weights.</exception>
    public static Flowtron Read(string path) => Voice(path) is { } voice ? FromFile(voice) : FromPublished(path);

    /// <summary>What is told with the weights in a file that was trained here; null of a checkpoint of others.</summary>
    /// <exception cref="VocoderException">The file is missing or malformed.</exception>
    public static VoiceFile? Voice(string path)
    {
        if (!CanRead(path)) throw new VocoderException($"{path}: found no tensor '{First}', expected a checkpoint of a Flowtron");
        using (FileStream stream = VoiceFiles.OpenRead(path))
        {
            if (PublishedCheckpoint.IsTorch(stream)) return null;
            if (SafeTensorsHeader.Read(stream, path).Metadata.GetValueOrDefault("format") != VoiceFile.Format) return null;
        }
        return VoiceFile.Read(path);
    }

    /// <summary>The weights under the names of the published state dictionary, where two convolutions lie under two names.</summary>
    public static IReadOnlyDictionary<string, SafeTensor> StateDict(Flowtron model)
    {
        var tensors = new Dictionary<string, SafeTensor>(VoiceWeights.Of(model.Parameters));
        foreach (string name in tensors.Keys.ToArray())
            foreach (var (first, second) in s_twice)
                if (name.Contains(first, StringComparison.Ordinal)) tensors[name.Replace(first, second, StringComparison.Ordinal)] = tensors[name];
        return tensors;
    }

    private static Flowtron FromFile(VoiceFile voice)
    {
        if (voice.Model != Flowtron.KindName)
            throw new VocoderException($"{voice.Source}: holds a model of kind {VoiceFiles.Quote(voice.Model)}, expected '{Flowtron.KindName}'");
        FlowtronConfig config = FlowtronConfig.FromJson(voice.Config, voice.Source);
        Flowtron model = VoiceWeights.WithSource(voice.Source,
            () => new Flowtron(config, VoiceWeights.SetFor(voice.Tensors), MelRecipe.FromJson(voice.Recipe)));
        VoiceWeights.Load(voice.Source, Flowtron.KindName, voice.Tensors, find => model.Parameters.Load(voice.Source, find));
        return model;
    }

    private static Flowtron FromPublished(string path)
    {
        // Two convolutions lie there under two names.
        Dictionary<string, SafeTensor> tensors = PublishedCheckpoint.Read(path)
            .Where(t => !t.Key.Contains(SecondName, StringComparison.Ordinal)).ToDictionary();
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
