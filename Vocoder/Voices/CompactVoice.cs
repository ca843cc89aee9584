using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>A <see cref="CompactVocoder"/> to and from a voice file.</summary>
public static class CompactVoice
{
    /// <summary>The kind of model in a voice file.</summary>
    public const string Kind = "compact";

    /// <summary>A voice file with the model's weights.</summary>
    public static VoiceFile ToFile(CompactVocoder model, string name, string licence, string provenance, long steps, IReadOnlyDictionary<string, string> metadata) => new()
    {
        Name = name,
        Model = Kind,
        Config = model.Config.ToJson(),
        Recipe = model.Recipe.ToJson(),
        Licence = licence,
        Provenance = provenance,
        Steps = steps,
        Metadata = metadata,
        // Insertion order is file order.
        Tensors = new OrderedDictionary<string, SafeTensor>(
            model.Parameters.Items.Select(p => KeyValuePair.Create(p.Name, new SafeTensor(p.Shape, p.Value.Span.ToArray())))),
    };

    /// <summary>The model of a voice file.</summary>
    /// <exception cref="VocoderException">The file holds another kind of model, or tensors that do not fit its configuration.</exception>
    public static CompactVocoder FromFile(VoiceFile voice)
    {
        if (voice.Model != Kind)
            throw new VocoderException($"{voice.Source}: holds a model of kind '{voice.Model}', expected '{Kind}'");
        var model = new CompactVocoder(CompactConfig.FromJson(voice.Config, voice.Source), MelRecipe.FromJson(voice.Recipe));
        model.Parameters.Load(voice.Source, name => voice.Tensors.TryGetValue(name, out SafeTensor? tensor) && tensor.IsFloat ? (tensor.Shape, tensor.Data) : null);
        return model;
    }
}
