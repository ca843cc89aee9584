using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace FlowVocoder.Voices;

internal static class SafeTensorsWriter
{
    public sealed record Item(string Name, TensorDtype Dtype, int[] Shape, ReadOnlyMemory<float> Floats, ReadOnlyMemory<byte> Raw)
    {
        public long ByteCount => Dtype.IsFloat() ? (long)Floats.Length * Dtype.Bytes() : Raw.Length;
    }

    public static void Write(Stream stream, IEnumerable<Item> items, IReadOnlyDictionary<string, string>? metadata)
    {
        var ordered = items.OrderByDescending(item => item.Dtype.Bytes()).ToArray();
        Check(ordered);
        byte[] header = Header(ordered, metadata);
        Span<byte> length = stackalloc byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var item in ordered)
        {
            if (item.Dtype.IsFloat())
            {
                TensorCodec.Write(stream, item.Dtype, item.Floats.Span);
            }
            else
            {
                stream.Write(item.Raw.Span);
            }
        }
    }

    private static void Check(Item[] items)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { SafeTensorsHeader.MetadataKey };
        foreach (var item in items)
        {
            if (!names.Add(item.Name))
            {
                throw new ArgumentException($"tensor name '{item.Name}' is repeated or reserved", nameof(items));
            }
            SafeTensor.CheckLength(item.Shape, checked((int)(item.ByteCount / item.Dtype.Bytes())));
        }
    }

    private static byte[] Header(Item[] items, IReadOnlyDictionary<string, string>? metadata)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject(SafeTensorsHeader.MetadataKey);
                foreach (var (key, value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, value);
                }
                json.WriteEndObject();
            }
            long offset = 0;
            foreach (var item in items)
            {
                WriteEntry(json, item, offset);
                offset += item.ByteCount;
            }
            json.WriteEndObject();
        }
        while (text.Length % 8 != 0)
        {
            text.WriteByte((byte)' ');
        }
        return text.ToArray();
    }

    private static void WriteEntry(Utf8JsonWriter json, Item item, long offset)
    {
        json.WriteStartObject(item.Name);
        json.WriteString("dtype", item.Dtype.Label());
        json.WriteStartArray("shape");
        foreach (int size in item.Shape)
        {
            json.WriteNumberValue(size);
        }
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        json.WriteNumberValue(offset + item.ByteCount);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
