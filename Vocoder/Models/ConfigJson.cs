using System.Text.Json;
using System.Text.Json.Serialization;

namespace FlowVocoder.Models;

/// <summary>How configurations are written: snake_case names, comments allowed, and a mistyped name is an error.</summary>
internal static class ConfigJson
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        RespectNullableAnnotations = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    public static string Write<T>(T config) => JsonSerializer.Serialize(config, s_options);

    /// <summary>Reads a configuration; members that are absent keep their default value.</summary>
    /// <exception cref="VocoderException">Not JSON, an unknown member, or a value of the wrong kind or beyond its range; source and kind are named.</exception>
    public static T Read<T>(string json, string source, string kind) where T : class
    {
        try
        {
            T config = JsonSerializer.Deserialize<T>(json, s_options) ?? throw new JsonException("it is null");
            // Numbers such as 1e400 are read as infinite, which JSON cannot say.
            _ = Write(config);
            return config;
        }
        catch (ArgumentException e)
        {
            throw new VocoderException($"{source}: {kind} is not usable: it has a number beyond the range of its kind", e);
        }
        catch (Exception e) when (JsonFault.Is(e))
        {
            throw new VocoderException($"{source}: {kind} is not usable: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    /// <summary>Throws the line that names a member, what it is and what was expected.</summary>
    public static void Check(bool condition, string name, object value, string expected)
    {
        if (!condition) throw new VocoderException(FormattableString.Invariant($"configuration: {name} is {value}, expected {expected}"));
    }
}
