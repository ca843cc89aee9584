using System.Text.Json;
using System.Text.Json.Nodes;
using FlowVocoder.Training;

namespace FlowVocoder.Cli;

/// <summary>Configurations of a training: from a file, and changed by KEY=VALUE.</summary>
internal static class TrainingSettings
{
    /// <summary>Where the configurations that come with the program lie.</summary>
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "configs");

    /// <summary>Names of the configurations that come with the program.</summary>
    public static IReadOnlyList<string> Names => !Directory.Exists(Folder) ? []
        : [.. Directory.EnumerateFiles(Folder, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    /// <summary>Reads a file, or the configuration of that name that comes with the program.</summary>
    public static TrainingConfig Read(string nameOrPath)
    {
        string path = !File.Exists(nameOrPath) && Names.Contains(nameOrPath) ? Path.Combine(Folder, nameOrPath + ".json") : nameOrPath, json;
        try
        {
            json = File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string reason = e is FileNotFoundException or DirectoryNotFoundException
                ? $"the file does not exist, nor a configuration of that name; there are {string.Join(", ", Names)}" : e.Message.ReplaceLineEndings(" ");
            throw new VocoderException($"cannot read '{path}': {reason}", e);
        }
        return TrainingConfig.FromJson(json, path);
    }

    /// <summary>Applies settings in order; a dot leads into the model.</summary>
    public static TrainingConfig Change(TrainingConfig config, IReadOnlyList<(string Key, string Value)> changes)
    {
        JsonObject root = JsonNode.Parse(config.ToJson())!.AsObject();
        foreach (var (key, value) in changes)
        {
            string[] path = key.Split('.');
            JsonObject at = root;
            foreach (string part in path[..^1]) at = at[part] as JsonObject ?? throw Unknown(key, root);
            if (!at.ContainsKey(path[^1]) || at[path[^1]] is JsonObject) throw Unknown(key, root);
            string before = at[path[^1]]!.ToJsonString();
            at[path[^1]] = Value(value);
            config = Checked(root, $"found {key} '{value}', expected a value like {before}");
        }
        return config;
    }

    // One at a time, so that the message names the one that is wrong.
    private static TrainingConfig Checked(JsonObject root, string otherwise)
    {
        try
        {
            return TrainingConfig.FromJson(root.ToJsonString(), "the settings");
        }
        catch (VocoderException)
        {
            throw new UsageException(otherwise);
        }
    }

    private static JsonNode? Value(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text); // a name needs no quotes
        }
    }

    private static UsageException Unknown(string key, JsonObject root)
    {
        IEnumerable<string> keys = root.SelectMany(m => m.Value is JsonObject model ? model.Select(n => $"{m.Key}.{n.Key}") : [m.Key]);
        return new UsageException($"there is no setting '{key}', expected one of {string.Join(", ", keys)}");
    }
}
