using FlowVocoder.Features;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>Checkpoints that others published, of whatever family their tensors' names tell.</summary>
internal static class PublishedCheckpoint
{
    /// <summary>The model of a file that <see cref="WaveGlowVoice.CanRead"/>.</summary>
    /// <exception cref="VocoderException">The file cannot be read, or holds the weights of no family that is known.</exception>
    public static VocoderModel Load(string path) => Import(path, recipe: null).Model;

    /// <summary>The same with what the file says of its origin.</summary>
    /// <param name="path">The file.</param>
    /// <param name="recipe">Recipe of the mels of a WaveGlow, or null.</param>
    /// <param name="teacher">The teacher's file of a ClariNet, or null.</param>
    public static ImportedCheckpoint Import(string path, MelRecipe? recipe, string? teacher = null)
    {
        var (tensors, iteration) = ReadAll(path);
        if (tensors.Keys.Any(FlowtronCheckpoint.IsKey))
            throw NoVocoder(path);
        bool isTeacher = tensors.Keys.Any(ClariNetTeacherVoice.IsKey), isWaveFlow = tensors.Keys.Any(WaveFlowVoice.IsKey),
            isMultiScale = tensors.Keys.Any(MultiScaleVoice.IsKey), isClariNet = !isTeacher && tensors.Keys.Any(ClariNetVoice.IsKey);
        string family = isWaveFlow ? "WaveFlow" : isMultiScale ? "FloWaveNet or WaveNODE" : isClariNet ? "ClariNet"
            : isTeacher ? "ClariNet's teacher" : "WaveGlow";
        if (recipe != null && family != "WaveGlow")
            throw new VocoderException($"{path}: is a {family}, whose recipe of mels is known, expected none to be named");
        if (teacher != null && !isClariNet) throw new VocoderException($"{path}: is a {family}, which has no teacher, expected none to be named");
        VocoderModel model = isWaveFlow ? WaveFlowVoice.FromTensors(tensors, path) : isMultiScale ? MultiScaleVoice.FromTensors(tensors, path)
            : isClariNet ? ClariNetVoice.FromTensors(tensors, path, teacher == null ? null : Read(teacher))
            : isTeacher ? ClariNetTeacherVoice.FromTensors(tensors, path) : WaveGlowVoice.FromTensors(tensors, path, recipe);
        return new ImportedCheckpoint(model, tensors.Count, iteration);
    }

    /// <summary>What is said of a Flowtron where a voice is expected.</summary>
    public static VocoderException NoVocoder(string path) =>
        new($"{path}: holds a Flowtron, which makes mels of text, expected a vocoder, which makes speech of mels");

    /// <summary>
    /// The tensors of a file of torch.save, alone or in an archive of NeMo, or of a safetensors file whose names are those of a family that is known.
    /// </summary>
    public static IReadOnlyDictionary<string, SafeTensor> Read(string path) => ReadAll(path).Tensors;

    private static (IReadOnlyDictionary<string, SafeTensor> Tensors, long? Iteration) ReadAll(string path)
    {
        using FileStream stream = VoiceFiles.OpenRead(path);
        if (IsTorch(stream) || NemoArchive.Is(stream))
        {
            TorchCheckpoint checkpoint = IsTorch(stream) ? TorchCheckpoint.Read(stream, path) : NemoArchive.Read(stream, path);
            return (checkpoint.Tensors, checkpoint.Iteration);
        }
        return (SafeTensorsFile.Read(stream, path, (_, names) =>
        {
            // What holds none of the weights that tell the shape need not be read.
            if (!names.Any(name => WaveGlowKeys.IsUpsampling(name) || WaveFlowVoice.IsKey(name) || MultiScaleVoice.IsKey(name)
                || FlowtronCheckpoint.IsKey(name) || ClariNetVoice.IsKey(name)
                || ClariNetTeacherVoice.IsKey(name))) throw WaveGlowShapes.NoWaveGlow(path, "upsample.weight");
        }).Tensors, null);
    }

    /// <summary>
    /// Whether a file is one of torch.save: an archive, or a pickle as torch.save wrote before, the opcode PROTO and a version. The header length of a
    /// safetensors file may have the same two bytes, but eight bytes on its JSON begins.
    /// </summary>
    public static bool IsTorch(FileStream stream)
    {
        Span<byte> start = stackalloc byte[9];
        int count = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        return count == start.Length && (start.StartsWith("PK\u0003\u0004"u8) || start is [0x80, >= 2 and <= 5, .., not (byte)'{']);
    }
}
