using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

/// <summary>How configurations are written: snake_case names, comments allowed, and a mistyped name is an error.</summary>
internal static class JsonConfig
{
    public static string Write<T>(T config, JsonTypeInfo<T> type) => JsonSerializer.Serialize(config, type);

    /// <summary>Reads a configuration; members that are absent keep their default value.</summary>
    /// <exception cref="VocoderException">Not JSON, an unknown member, or a value of the wrong kind or beyond its range; source and kind are named.</exception>
    public static T Read<T>(string json, string source, string kind, JsonTypeInfo<T> type) where T : class, new()
    {
        try
        {
            T config = JsonSerializer.Deserialize(JsonDefaults.Fill(json, new T(), type), type) ?? throw new JsonException("it is null");
            // Numbers such as 1e400 are read as infinite, which JSON cannot say.
            _ = Write(config, type);
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

/// <summary>Names of enumerations in configurations.</summary>
internal sealed class ConfigEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false)
    where T : struct, Enum;

/// <summary>Readers and writers of the models' configurations, made at compile time: a program compiled ahead of time has no others.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowTrailingCommas = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, ReadCommentHandling = JsonCommentHandling.Skip, RespectNullableAnnotations = true,
    Converters = [typeof(ConfigEnumConverter<FlowKind>)])]
[JsonSerializable(typeof(CompactConfig))]
[JsonSerializable(typeof(WaveFlowConfig))]
[JsonSerializable(typeof(FloWaveNetConfig))]
[JsonSerializable(typeof(WaveNodeConfig))]
[JsonSerializable(typeof(ClariNetConfig))]
[JsonSerializable(typeof(ClariNetTeacherConfig))]
[JsonSerializable(typeof(FlowtronConfig))]
internal sealed partial class JsonConfigContext : JsonSerializerContext;

/// <summary>The same for WaveGlow's, whose names and liberties are those of the published file.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(WaveGlowConfig))]
internal sealed partial class WaveGlowJsonContext : JsonSerializerContext;
