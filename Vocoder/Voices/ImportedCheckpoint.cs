using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>A checkpoint that others published, as it was read.</summary>
/// <param name="Model">The model with its weights.</param>
/// <param name="Tensors">Tensors in the file.</param>
/// <param name="Iteration">Training steps, where the file states them.</param>
public sealed record ImportedCheckpoint(VocoderModel Model, int Tensors, long? Iteration)
{
    /// <summary>Reads a file of torch.save or a state dict as safetensors, see <see cref="WaveGlowVoice.FromCheckpoint"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="recipe">Recipe of the mels that a WaveGlow was trained on; 'nvidia', with the bands of the checkpoint, when null.</param>
    /// <param name="teacher">The teacher's file where the first is the student of a ClariNet, whose mels it brings to audio rate; else null.</param>
    /// <exception cref="VocoderException">The file cannot be read, or holds the weights of no model that is known.</exception>
    public static ImportedCheckpoint Read(string path, MelRecipe? recipe = null, string? teacher = null) => PublishedCheckpoint.Import(path, recipe, teacher);
}
