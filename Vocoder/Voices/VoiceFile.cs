using System.Globalization;
using System.Text.Json;
using FlowVocoder.Models;

namespace FlowVocoder.Voices;

/// <summary>
/// A voice: one safetensors file whose metadata carries everything needed to use it: the kind and configuration of its
/// model, the mel recipe it was trained on, where its data came from and under which licence.
/// Reading a voice and asking for its tensors is the work of one thread.
/// </summary>
public sealed class VoiceFile
{
    /// <summary>The value of the metadata key <c>format</c>.</summary>
    public const string Format = "flowvocoder-voice";

    /// <summary>The value of the metadata key <c>format_version</c> that this version reads and writes.</summary>
    public const string FormatVersion = "1";

    private static readonly string[] RequiredKeys =
        ["format_version", "name", "model", "config", "recipe", "licence", "provenance", "steps"];


    /// <summary>What the voice is called.</summary>
    public required string Name { get; init; }

    /// <summary>The kind of model, for example <c>compact</c> or <c>waveglow</c>.</summary>
    public required string Model { get; init; }

    /// <summary>The model's configuration, a JSON object.</summary>
    public required string Config { get; init; }

    /// <summary>The mel recipe, a JSON object.</summary>
    public required string Recipe { get; init; }

    /// <summary>The licence of the data the voice was trained on.</summary>
    public required string Licence { get; init; }

    /// <summary>Free text: the data and the command that made the voice.</summary>
    public required string Provenance { get; init; }

    /// <summary>Training steps taken.</summary>
    public required long Steps { get; init; }

    /// <summary>The weights by name.</summary>
    public required IReadOnlyDictionary<string, SafeTensor> Tensors { get; init; }

    /// <summary>
    /// Further string keys. After reading: the whole metadata of the file, the keys of the properties included; when
    /// writing, the properties win over keys of the same name.
    /// </summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>The file the voice was read from, for errors; the name of a voice that was not read.</summary>
    public string Source { get => field ?? Name; private init; }

    /// <summary>Reads a voice.</summary>
    /// <exception cref="VocoderException">The file is missing, malformed, no voice, of another version, or lacks a key.</exception>
    public static VoiceFile Read(string path)
    {
        using var stream = VoiceFiles.OpenRead(path);
        return Read(stream, path);
    }

    /// <summary>Reads a voice from a stream; <paramref name="name"/> stands for the file in errors.</summary>
    /// <inheritdoc cref="Read(string)"/>
    public static VoiceFile Read(Stream stream, string name)
    {
        var file = SafeTensorsFile.Read(stream, name, (found, _) => CheckMetadata(found, name));
        var metadata = file.Metadata;
        if (!long.TryParse(metadata["steps"], NumberStyles.None, CultureInfo.InvariantCulture, out long steps))
        {
            throw new VocoderException($"{name}: found steps {VoiceFiles.Quote(metadata["steps"])} in the metadata, expected a whole number from 0");
        }
        return new VoiceFile
        {
            Name = metadata["name"],
            Model = metadata["model"],
            Config = RequireJsonObject(metadata["config"], "config", name),
            Recipe = RequireJsonObject(metadata["recipe"], "recipe", name),
            Licence = metadata["licence"],
            Provenance = metadata["provenance"],
            Steps = steps,
            Tensors = file.Tensors,
            Metadata = metadata,
            Source = name,
        };
    }

    /// <summary>The voice of a model: a copy of its weights with what is to be told about them.</summary>
    public static VoiceFile Of(ITrainedModel model, string name, string licence, string provenance, long steps,
        IReadOnlyDictionary<string, string> metadata) => new()
    {
        Name = name,
        Model = model.Kind,
        Config = model.ConfigJson,
        Recipe = model.Recipe.ToJson(),
        Licence = licence,
        Provenance = provenance,
        Steps = steps,
        Metadata = metadata,
        Tensors = VoiceWeights.Of(model.Parameters),
    };

    /// <summary>Writes the voice; the same voice gives the same bytes.</summary>
    /// <param name="stream">Where to write; need not be seekable.</param>
    /// <param name="dtype">F32, F16 or BF16, the type the weights are rounded to.</param>
    /// <exception cref="VocoderException">Config or recipe is no JSON object, or the steps are negative.</exception>
    public void Write(Stream stream, TensorDtype dtype = TensorDtype.F32)
    {
        if (Steps < 0)
        {
            throw new VocoderException($"{Source}: found steps {Steps}, expected a whole number from 0");
        }
        var metadata = new Dictionary<string, string>(Metadata, StringComparer.Ordinal)
        {
            ["format"] = Format,
            ["format_version"] = FormatVersion,
            ["name"] = Name,
            ["model"] = Model,
            ["config"] = RequireJsonObject(Config, "config", Source),
            ["recipe"] = RequireJsonObject(Recipe, "recipe", Source),
            ["licence"] = Licence,
            ["provenance"] = Provenance,
            ["steps"] = Steps.ToString(CultureInfo.InvariantCulture),
        };
        SafeTensorsFile.Write(stream, Tensors, metadata, dtype);
    }

    // Before any tensor is read: a file of somebody else's may be large.
    private static void CheckMetadata(IReadOnlyDictionary<string, string> metadata, string name)
    {
        string format = metadata.TryGetValue("format", out string? found) ? VoiceFiles.Quote(found) : "none";
        if (found != Format)
        {
            throw new VocoderException($"{name}: a safetensors file but no voice: found format {format} in its metadata, expected '{Format}'");
        }
        CheckKeys(metadata, name);
    }

    private static void CheckKeys(IReadOnlyDictionary<string, string> metadata, string file)
    {
        var missing = RequiredKeys.Where(key => !metadata.ContainsKey(key)).ToArray();
        // The version first: another version may well have other keys.
        if (metadata.TryGetValue("format_version", out string? version) && version != FormatVersion)
        {
            throw new VocoderException($"{file}: found voice format version {VoiceFiles.Quote(version)}, expected '{FormatVersion}'");
        }
        if (missing.Length > 0)
        {
            throw new VocoderException($"{file}: found no {string.Join(", no ", missing)} in the metadata, expected all of {string.Join(", ", RequiredKeys)}");
        }
    }

    private static string RequireJsonObject(string text, string key, string file)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return text;
            }
        }
        catch (Exception e) when (JsonFault.Is(e))
        {
            // Falls through to the one line below; where in the text it broke helps nobody.
        }
        throw new VocoderException($"{file}: found {key} {VoiceFiles.Quote(text)} in the metadata, expected a JSON object");
    }
}
