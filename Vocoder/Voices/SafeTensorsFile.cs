using System.Diagnostics.CodeAnalysis;

namespace FlowVocoder.Voices;

/// <summary>
/// A file in the safetensors format: 8 bytes of little-endian header length, a JSON header
/// (name → dtype, shape, data_offsets, and a string map under <c>__metadata__</c>), then the data.
/// Source: https://github.com/huggingface/safetensors, section "Format".
/// Reading trusts nothing: every number is checked against the size of the file before memory is taken.
/// </summary>
public sealed class SafeTensorsFile
{
    private SafeTensorsFile(OrderedDictionary<string, SafeTensor> tensors, IReadOnlyDictionary<string, string> metadata) =>
        (Tensors, Metadata) = (tensors, metadata);

    /// <summary>The tensors by name, in the order of their data.</summary>
    public IReadOnlyDictionary<string, SafeTensor> Tensors { get; }

    /// <summary>The free string map of the header; empty when the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="VocoderException">The file is missing or malformed; the line names file, tensor, found and expected.</exception>
    public static SafeTensorsFile Read(string path)
    {
        using var stream = VoiceFiles.OpenRead(path);
        return Read(stream, path);
    }

    /// <summary>Reads from where the stream stands to its end. <paramref name="name"/> stands for the file in errors.</summary>
    /// <exception cref="VocoderException">The data is malformed; the line names file, tensor, found and expected.</exception>
    [SuppressMessage("Reliability", "CA2000", Justification = "a MemoryStream over an array holds nothing to release")]
    public static SafeTensorsFile Read(Stream stream, string name) => Read(stream, name, static (_, _) => { });

    /// <summary>The same where <paramref name="check"/> is shown metadata and names first: what is not wanted need not be read.</summary>
    internal static SafeTensorsFile Read(Stream stream, string name, Action<IReadOnlyDictionary<string, string>, IEnumerable<string>> check)
    {
        if (!stream.CanSeek)
        {
            // Without a length nothing could be checked before it is allocated.
            var copy = new MemoryStream();
            stream.CopyTo(copy);
            copy.Position = 0;
            stream = copy;
        }
        try
        {
            var header = SafeTensorsHeader.Read(stream, name);
            check(header.Metadata, header.Entries.Select(entry => entry.Name));
            var tensors = new OrderedDictionary<string, SafeTensor>(StringComparer.Ordinal);
            foreach (var entry in header.Entries)
            {
                tensors.Add(entry.Name, TensorCodec.Read(stream, entry.Dtype, entry.Shape, entry.Elements));
            }
            return new SafeTensorsFile(tensors, header.Metadata);
        }
        catch (IOException e)
        {
            throw new VocoderException($"{name}: cannot be read: {VoiceFiles.OneLine(e.Message)}", e);
        }
    }

    /// <summary>
    /// Writes floating tensors. The bytes depend on the arguments alone: tensors in the given order, metadata by key, header
    /// padded with spaces to a multiple of 8 bytes.
    /// </summary>
    /// <param name="stream">Where to write; need not be seekable.</param>
    /// <param name="tensors">Unique names, shapes and row-major values.</param>
    /// <param name="metadata">The string map of the header, or null for none.</param>
    /// <param name="dtype">F32, F16 or BF16; values are rounded to nearest even.</param>
    /// <exception cref="ArgumentException">A repeated or reserved name, a shape that does not hold its data, another dtype.</exception>
    public static void Write(
        Stream stream,
        IEnumerable<(string Name, int[] Shape, ReadOnlyMemory<float> Data)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        TensorDtype dtype = TensorDtype.F32)
    {
        CheckWritable(dtype);
        SafeTensorsWriter.Write(stream, tensors.Select(t => new SafeTensorsWriter.Item(t.Name, dtype, t.Shape, t.Data, default)), metadata);
    }

    /// <summary>
    /// Writes tensors of any type: floating ones as <paramref name="dtype"/>, the others as they are. Wider elements go
    /// first (otherwise in the given order), so that every tensor is aligned, which PyTorch demands of a mapped file.
    /// </summary>
    /// <inheritdoc cref="Write(Stream, IEnumerable{ValueTuple{string, int[], ReadOnlyMemory{float}}}, IReadOnlyDictionary{string, string}, TensorDtype)"/>
    public static void Write(
        Stream stream,
        IEnumerable<KeyValuePair<string, SafeTensor>> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        TensorDtype dtype = TensorDtype.F32)
    {
        CheckWritable(dtype);
        SafeTensorsWriter.Write(stream, tensors.Select(t => t.Value.IsFloat
            ? new SafeTensorsWriter.Item(t.Key, dtype, t.Value.Shape, t.Value.Data, default)
            : new SafeTensorsWriter.Item(t.Key, t.Value.Dtype, t.Value.Shape, default, t.Value.Raw)), metadata);
    }

    private static void CheckWritable(TensorDtype dtype)
    {
        if (dtype is not (TensorDtype.F32 or TensorDtype.F16 or TensorDtype.BF16))
        {
            throw new ArgumentException($"floats are written as F32, F16 or BF16, not {dtype.Label()}", nameof(dtype));
        }
    }
}
