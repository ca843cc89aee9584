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
        Tensors = VoiceWeights.Of(model.Parameters),
    };

    /// <summary>The model of a voice file.</summary>
    /// <exception cref="VocoderException">The file holds another kind of model, or tensors that do not fit its configuration.</exception>
    public static CompactVocoder FromFile(VoiceFile voice)
    {
        if (voice.Model != Kind)
            throw new VocoderException($"{voice.Source}: holds a model of kind '{voice.Model}', expected '{Kind}'");
        CompactConfig config = CompactConfig.FromJson(voice.Config, voice.Source);
        CompactVocoder model = VoiceWeights.Naming(voice.Source, () => new CompactVocoder(config, MelRecipe.FromJson(voice.Recipe)));
        VoiceWeights.Load(voice.Source, Kind, voice.Tensors, find => model.Parameters.Load(voice.Source, find));
        return model;
    }
}
