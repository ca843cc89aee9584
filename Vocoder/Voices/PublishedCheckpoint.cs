using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>Checkpoints that others published, of whatever family their tensors' names tell.</summary>
internal static class PublishedCheckpoint
{
    /// <summary>The model of a file that <see cref="WaveGlowVoice.CanRead"/>.</summary>
    /// <exception cref="VocoderException">The file cannot be read, or holds the weights of no family that is known.</exception>
    public static VocoderModel Load(string path)
    {
        IReadOnlyDictionary<string, SafeTensor> tensors = Read(path);
        return tensors.Keys.Any(WaveFlowVoice.IsKey) ? WaveFlowVoice.FromTensors(tensors, path) : WaveGlowVoice.FromTensors(tensors, path, recipe: null);
    }

    /// <summary>The tensors of a file of torch.save, or of a safetensors file whose names are those of a family that is known.</summary>
    public static IReadOnlyDictionary<string, SafeTensor> Read(string path)
    {
        using FileStream stream = VoiceFiles.OpenRead(path);
        return IsTorch(stream) ? TorchCheckpoint.Read(stream, path).Tensors : SafeTensorsFile.Read(stream, path, (_, names) =>
        {
            // What holds none of the weights that tell the shape need not be read.
            if (!names.Any(name => WaveGlowKeys.IsUpsampling(name) || WaveFlowVoice.IsKey(name))) throw WaveGlowShapes.NoWaveGlow(path, "upsample.weight");
        }).Tensors;
    }

    /// <summary>
    /// Whether a file is one of torch.save: an archive, or a pickle as torch.save wrote before, the opcode PROTO and a version. The header length of a safetensors file may have the
    /// same two bytes, but eight bytes on its JSON begins.
    /// </summary>
    public static bool IsTorch(FileStream stream)
    {
        Span<byte> start = stackalloc byte[9];
        int count = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        return count == start.Length && (start.StartsWith("PK\u0003\u0004"u8) || start is [0x80, >= 2 and <= 5, .., not (byte)'{']);
    }
}
