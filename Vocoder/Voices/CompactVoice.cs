using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>A <see cref="CompactVocoder"/> from a voice file.</summary>
public static class CompactVoice
{
    /// <summary>The model of a voice file.</summary>
    /// <exception cref="VocoderException">The file holds another kind of model, or tensors that do not fit its configuration.</exception>
    public static CompactVocoder FromFile(VoiceFile voice)
    {
        if (voice.Model != CompactVocoder.KindName)
            throw new VocoderException($"{voice.Source}: holds a model of kind {VoiceFiles.Quote(voice.Model)}, expected '{CompactVocoder.KindName}'");
        CompactConfig config = CompactConfig.FromJson(voice.Config, voice.Source);
        CompactVocoder model = VoiceWeights.WithSource(voice.Source,
            () => new CompactVocoder(config, MelRecipe.FromJson(voice.Recipe), VoiceWeights.SetFor(voice.Tensors)));
        VoiceWeights.Load(voice.Source, CompactVocoder.KindName, voice.Tensors, find => model.Parameters.Load(voice.Source, find));
        VoiceWeights.RequireInvertible(voice.Source, model.Stack);
        return model;
    }
}
