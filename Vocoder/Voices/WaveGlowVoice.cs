using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>A <see cref="WaveGlow"/> from a voice file, or from the checkpoints that others published.</summary>
public static class WaveGlowVoice
{
    /// <summary>The model of a voice file.</summary>
    /// <exception cref="VocoderException">The file holds another kind of model, or tensors that do not fit its configuration.</exception>
    public static WaveGlow FromFile(VoiceFile voice)
    {
        if (voice.Model != WaveGlow.KindName)
            throw new VocoderException($"{voice.Source}: holds a model of kind {VoiceFiles.Quote(voice.Model)}, expected '{WaveGlow.KindName}'");
        return Create(WaveGlowConfig.FromJson(voice.Config, voice.Source), () => MelRecipe.FromJson(voice.Recipe), voice.Source, voice.Tensors);
    }

    /// <summary>
    /// Whether a file looks like a checkpoint for <see cref="FromCheckpoint"/>: a file of torch.save, an archive of NeMo, or a safetensors file that is not
    /// one of ours. Reads the beginning of the file only; whose weights it holds shows when they are read.
    /// </summary>
    /// <exception cref="VocoderException">The file is missing or cannot be opened.</exception>
    public static bool CanRead(string path)
    {
        using FileStream stream = VoiceFiles.OpenRead(path);
        if (PublishedCheckpoint.IsTorch(stream) || NemoArchive.Is(stream)) return true;
        try
        {
            string? format = SafeTensorsHeader.Read(stream, path).Metadata.GetValueOrDefault("format");
            return format?.StartsWith("flowvocoder", StringComparison.Ordinal) != true;
        }
        catch (VocoderException)
        {
            return false;
        }
    }

    /// <summary>
    /// The model of a published checkpoint: a file of torch.save of any layout that <see cref="TorchCheckpoint"/> and
    /// <see cref="WaveGlowKeys"/> know, or its state dictionary as safetensors. The configuration follows from the shapes of the tensors, see
    /// <see cref="WaveGlowShapes"/>, but for the hop, the sample rate and the other properties of the mel, which come from the recipe.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="recipe">Recipe of the mels it was trained on; 'nvidia' (22.05 kHz, hop 256), with the bands of the checkpoint, when null.</param>
    /// <exception cref="VocoderException">The file cannot be read, holds other weights than those of a WaveGlow, or does not fit the recipe.</exception>
    public static WaveGlow FromCheckpoint(string path, MelRecipe? recipe = null) => FromTensors(PublishedCheckpoint.Read(path), path, recipe);

    /// <summary>The same of tensors that were read from a file.</summary>
    internal static WaveGlow FromTensors(IReadOnlyDictionary<string, SafeTensor> read, string path, MelRecipe? recipe)
    {
        IReadOnlyDictionary<string, SafeTensor> tensors = WaveGlowKeys.Normalize(read, path);
        int hop = (recipe ?? MelRecipe.ByName("nvidia")).HopSize;
        return Create(WaveGlowShapes.Configuration(tensors, hop, path), () => recipe, path, tensors);
    }

    private static WaveGlow Create(WaveGlowConfig config, Func<MelRecipe?> recipe, string source, IReadOnlyDictionary<string, SafeTensor> tensors)
    {
        WaveGlow model = VoiceWeights.WithSource(source, () => new WaveGlow(config, VoiceWeights.SetFor(tensors), recipe()));
        VoiceWeights.Load(source, WaveGlow.KindName, tensors, find => model.Load(source, find));
        VoiceWeights.RequireInvertible(source, model.Stack);
        return model;
    }
}
