using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;

namespace FlowVocoder.Voices;

/// <summary>The checked header of a safetensors file: entries in the order of their data, which they cover without gap or overlap.</summary>
internal sealed class SafeTensorsHeader
{
    public const string MetadataKey = "__metadata__";

    /// <summary>The limit of the reference implementation; a real header is some 100 bytes a tensor.</summary>
    private const long LargestHeader = 100_000_000;

    private readonly string _file;
    private readonly List<Entry> _entries = [];
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    private SafeTensorsHeader(string file) => _file = file;

    public sealed record Entry(string Name, TensorDtype Dtype, int[] Shape, int Elements, long Begin, long End);

    public IReadOnlyList<Entry> Entries => _entries;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Reads and checks the header; leaves the stream at the first byte of the data.</summary>
    public static SafeTensorsHeader Read(Stream stream, string file)
    {
        var header = new SafeTensorsHeader(file);
        byte[] json = header.ReadJson(stream);
        long dataBytes = stream.Length - stream.Position;
        try
        {
            using var document = JsonDocument.Parse(json);
            header.Parse(document.RootElement, dataBytes);
        }
        // InvalidOperationException: a string with a lone surrogate escape, which has no text.
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new VocoderException($"{file}: found a header that is no valid JSON, expected a safetensors file", e);
        }
        header.CheckCoverage(dataBytes);
        return header;
    }

    private byte[] ReadJson(Stream stream)
    {
        long available = stream.Length - stream.Position;
        if (available < 8)
        {
            throw Bad($"found {available} bytes, expected a safetensors file of at least 10");
        }
        Span<byte> prefix = stackalloc byte[8];
        stream.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > (ulong)Math.Min(available - 8, LargestHeader))
        {
            throw Bad($"found a header length of {length}, expected at most {Math.Min(available - 8, LargestHeader)}: not a safetensors file, or cut short");
        }
        var json = new byte[(int)length];
        stream.ReadExactly(json);
        return Utf8.IsValid(json) ? json : throw Bad("found a header that is no valid UTF-8, expected a safetensors file");
    }

    private void Parse(JsonElement root, long dataBytes)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw Bad($"found a JSON {root.ValueKind} as header, expected an object");
        }
        foreach (var property in root.EnumerateObject())
        {
            if (!_names.Add(property.Name))
            {
                throw Bad(property.Name, "found the name twice, expected unique names");
            }
            if (property.Name == MetadataKey)
            {
                ParseMetadata(property.Value);
            }
            else
            {
                _entries.Add(ParseEntry(property.Name, property.Value, dataBytes));
            }
        }
    }

    private void ParseMetadata(JsonElement map)
    {
        // Written by libraries that state the absence of metadata.
        if (map.ValueKind == JsonValueKind.Null) return;
        if (map.ValueKind != JsonValueKind.Object)
        {
            throw Bad($"found a JSON {map.ValueKind} as {MetadataKey}, expected an object of strings");
        }
        foreach (var property in map.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
            {
                throw Bad($"metadata {VoiceFiles.Quote(property.Name)}: found a JSON {property.Value.ValueKind}, expected a string");
            }
            if (!_metadata.TryAdd(property.Name, property.Value.GetString()!))
            {
                throw Bad($"metadata {VoiceFiles.Quote(property.Name)}: found the key twice, expected unique keys");
            }
        }
    }

    private Entry ParseEntry(string name, JsonElement value, long dataBytes)
    {
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw Bad(name, $"found a JSON {value.ValueKind}, expected an object with dtype, shape and data_offsets");
        }
        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var field in value.EnumerateObject())
        {
            if (field.Name is not ("dtype" or "shape" or "data_offsets") || !fields.TryAdd(field.Name, field.Value))
            {
                throw Bad(name, $"found an unknown or repeated field {VoiceFiles.Quote(field.Name)}, expected dtype, shape and data_offsets");
            }
        }
        if (fields.Count != 3)
        {
            throw Bad(name, $"found only {VoiceFiles.FirstFew(fields.Keys)}, expected dtype, shape and data_offsets");
        }
        var dtype = ParseDtype(name, fields["dtype"]);
        long[] shape = Numbers(name, "shape", fields["shape"]);
        long[] offsets = Numbers(name, "data_offsets", fields["data_offsets"]);
        if (offsets.Length != 2 || offsets[0] > offsets[1] || offsets[1] > dataBytes)
        {
            throw Bad(name, $"found data_offsets [{string.Join(", ", offsets)}], expected two rising numbers up to the {dataBytes} bytes of data in the file");
        }
        return Checked(name, dtype, shape, offsets[0], offsets[1]);
    }

    private TensorDtype ParseDtype(string name, JsonElement value)
    {
        string label = value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
        return TensorDtypes.TryParse(label, out var dtype)
            ? dtype
            : throw Bad(name, $"found dtype {VoiceFiles.Quote(label)}, expected {TensorDtypes.Supported}");
    }

    private long[] Numbers(string name, string field, JsonElement array)
    {
        if (array.ValueKind == JsonValueKind.Array)
        {
            var numbers = new long[array.GetArrayLength()];
            int count = 0;
            foreach (var element in array.EnumerateArray())
            {
                if (element.ValueKind != JsonValueKind.Number || !element.TryGetInt64(out numbers[count]) || numbers[count] < 0)
                {
                    break;
                }
                count++;
            }
            if (count == numbers.Length)
            {
                return numbers;
            }
        }
        throw Bad(name, $"found {field} {VoiceFiles.OneLine(array.GetRawText())}, expected an array of whole numbers from 0");
    }

    /// <summary>Checks that the shape fills the range exactly, without overflow: the range is known to lie in the file.</summary>
    private Entry Checked(string name, TensorDtype dtype, long[] shape, long begin, long end)
    {
        long elements = Shapes.Elements(shape);
        if (elements < 0 || (Int128)elements * dtype.Bytes() != end - begin)
        {
            throw Bad(name, $"found {end - begin} bytes of data, expected {dtype.Label()} times shape [{VoiceFiles.OneLine(string.Join(", ", shape))}]");
        }
        if (elements * dtype.Bytes() > Array.MaxLength)
        {
            throw Bad(name, $"found {end - begin} bytes of data, expected at most {Array.MaxLength} in one tensor");
        }
        return new Entry(name, dtype, Array.ConvertAll(shape, size => (int)size), (int)elements, begin, end);
    }

    /// <summary>Sorts the entries by position and checks that they cover the data once: no byte unread, none read twice.</summary>
    private void CheckCoverage(long dataBytes)
    {
        _entries.Sort((a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long position = 0;
        foreach (var entry in _entries)
        {
            if (entry.Begin != position)
            {
                throw Bad(entry.Name,
                    $"found data from byte {entry.Begin}, expected from {position}: tensors must not {(entry.Begin < position ? "overlap" : "leave gaps")}");
            }
            position = entry.End;
        }
        if (position != dataBytes)
        {
            throw Bad($"found {dataBytes} bytes of data, expected the {position} that the tensors take");
        }
    }

    private VocoderException Bad(string what) => new($"{_file}: {what}");

    private VocoderException Bad(string tensor, string what) => new($"{_file}: tensor {VoiceFiles.Quote(tensor)}: {what}");
}
