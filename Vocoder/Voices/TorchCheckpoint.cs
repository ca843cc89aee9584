using System.Buffers.Binary;
using FlowVocoder.Voices.Pickle;

namespace FlowVocoder.Voices;

/// <summary>
/// The weights in a file of torch.save, old or new format, read without running any of the code a pickle can name: the pickle is
/// interpreted into inert values, and only tensors are taken from them. Understands a state dict, a pickled module, and either
/// of them under <c>state_dict</c> (Lightning), <c>model_state_dict</c> or <c>model</c> of a training checkpoint.
/// </summary>
public sealed class TorchCheckpoint
{
    private const string DataParallelPrefix = "module.";

    private TorchCheckpoint(IReadOnlyDictionary<string, SafeTensor> tensors, long? iteration) =>
        (Tensors, Iteration) = (tensors, iteration);

    /// <summary>The tensors by their dotted names as in state_dict(), less a leading <c>module.</c>; contiguous.</summary>
    public IReadOnlyDictionary<string, SafeTensor> Tensors { get; }

    /// <summary>The training steps that the checkpoint states as <c>iteration</c>, or null.</summary>
    public long? Iteration { get; }

    /// <summary>Reads a file; memory is bounded by a small multiple of its size.</summary>
    /// <exception cref="VocoderException">The file is missing, damaged, of another kind, or holds no weights.</exception>
    public static TorchCheckpoint Read(string path)
    {
        using var stream = VoiceFiles.OpenRead(path);
        return Read(stream, path);
    }

    /// <summary>Reads from a seekable stream; <paramref name="name"/> stands for the file in errors.</summary>
    /// <inheritdoc cref="Read(string)"/>
    public static TorchCheckpoint Read(Stream stream, string name) => Open(stream, name, Read);

    /// <summary>The names of the tensors alone.</summary>
    /// <inheritdoc cref="Read(Stream, string)"/>
    internal static IReadOnlyList<string> Names(Stream stream, string name) =>
        Open(stream, name, container => (IReadOnlyList<string>)[.. new StateDict(container).Find(container.Root).Keys.Select(Name)]);

    private static T Open<T>(Stream stream, string name, Func<TorchContainer, T> read)
    {
        try
        {
            if (IsZip(stream))
            {
                using var zip = new TorchZip(stream, name);
                return read(zip);
            }
            return read(new TorchLegacy(stream, name));
        }
        // What ZipArchive throws for damaged archives; end of stream included.
        catch (Exception e) when (e is IOException or InvalidDataException or NotSupportedException or ArgumentException or OverflowException)
        {
            throw new VocoderException($"{name}: cannot be read as a file of torch.save: {VoiceFiles.OneLine(e.Message)}", e);
        }
    }

    private static TorchCheckpoint Read(TorchContainer container)
    {
        var tensors = new OrderedDictionary<string, SafeTensor>(StringComparer.Ordinal);
        foreach (var (fullName, tensor) in new StateDict(container).Find(container.Root))
        {
            string name = Name(fullName);
            if (!tensors.TryAdd(name, container.Read(name, tensor)))
            {
                throw new VocoderException(
                    $"{container.File}: tensor {VoiceFiles.Quote(name)}: found the name twice, with and without 'module.', expected unique names");
            }
        }
        return new TorchCheckpoint(tensors, (container.Root as PickledDict)?["iteration"] as long?);
    }

    private static string Name(string fullName) => fullName.StartsWith(DataParallelPrefix, StringComparison.Ordinal)
        ? fullName[DataParallelPrefix.Length..] : fullName;

    private static bool IsZip(Stream stream)
    {
        const uint zipSignature = 0x04034B50; // "PK\3\4"
        Span<byte> start = stackalloc byte[4];
        int count = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position -= count;
        return count == start.Length && BinaryPrimitives.ReadUInt32LittleEndian(start) == zipSignature;
    }
}
