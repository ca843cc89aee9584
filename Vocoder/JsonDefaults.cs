using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace FlowVocoder;

/// <summary>
/// Members that a text leaves out keep their default value. Readers made at compile time do not see to that: they give init-only properties the zero of their
/// type, whatever their initialiser says (dotnet/runtime, "Init-only properties in source-generated serialization").
/// </summary>
internal static class JsonDefaults
{
    /// <summary>
    /// The text with the members that it lacks, at the beginning of its first line, so that errors name the same lines; as it is where it is no object.
    /// </summary>
    /// <param name="json">The text of an object.</param>
    /// <param name="defaults">The value whose members stand in; required ones do not.</param>
    /// <param name="type">How it is written.</param>
    public static string Fill<T>(string json, T defaults, JsonTypeInfo<T> type)
    {
        byte[] text = Encoding.UTF8.GetBytes(json);
        var reader = new Utf8JsonReader(text, new JsonReaderOptions
        {
            AllowTrailingCommas = type.Options.AllowTrailingCommas, CommentHandling = type.Options.ReadCommentHandling, MaxDepth = type.Options.MaxDepth,
        });
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return json;
            int start = (int)reader.BytesConsumed;
            var given = new HashSet<string>(StringComparer.Ordinal);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                given.Add(reader.GetString()!);
                reader.Skip();
            }
            string missing = Members(defaults, type, given), comma = missing.Length > 0 && given.Count > 0 ? "," : "";
            return string.Concat(Encoding.UTF8.GetString(text, 0, start), missing, comma, Encoding.UTF8.GetString(text, start, text.Length - start));
        }
        catch (Exception e) when (JsonFault.Is(e))
        {
            // What is wrong with it is told by whoever reads the whole.
            return json;
        }
    }

    private static string Members<T>(T defaults, JsonTypeInfo<T> type, HashSet<string> given)
    {
        HashSet<string> required = [.. type.Properties.Where(p => p.IsRequired).Select(p => p.Name)];
        JsonObject all = JsonSerializer.SerializeToNode(defaults, type)!.AsObject();
        return string.Join(",", all.Where(m => !given.Contains(m.Key) && !required.Contains(m.Key))
            .Select(m => $"\"{JsonEncodedText.Encode(m.Key)}\":{m.Value?.ToJsonString() ?? "null"}"));
    }
}
