using System.Globalization;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Streaming;

namespace FlowVocoder.Voices;

/// <summary>A voice that is ready to speak.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Source">The file it came from.</param>
/// <param name="Model">The model with its weights.</param>
/// <param name="File">Provenance, licence and further metadata, or null where the file was no voice but somebody's checkpoint.</param>
public sealed record LoadedVoice(string Name, string Source, VocoderModel Model, VoiceFile? File)
{
    /// <summary>The metadata key of <see cref="Sigma"/>.</summary>
    public const string SigmaKey = "sigma";

    /// <summary>The standard deviation of the noise that suits this voice; 1 where its file says nothing.</summary>
    /// <exception cref="VocoderException">The file says something that is no number from 0 to 10.</exception>
    public float Sigma
    {
        get
        {
            if (File?.Metadata.GetValueOrDefault(SigmaKey) is not { } text) return 1f;
            return float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float sigma) && sigma is >= 0 and <= 10 ? sigma
                : throw new VocoderException($"{Source}: found sigma {VoiceFiles.Quote(text)} in the metadata, expected a number from 0 to 10");
        }
    }

    /// <summary>How it speaks unless it is asked otherwise: with its own <see cref="Sigma"/>. Change it with <c>with</c>.</summary>
    /// <exception cref="VocoderException">As for <see cref="Sigma"/>.</exception>
    public SynthesisOptions Options => new() { Sigma = Sigma };
}

/// <summary>
/// Finds voices by name or file and loads them, whatever kind of model they hold; checkpoints of the published WaveGlow, WaveFlow, FloWaveNet, WaveNODE and
/// of ClariNet's teacher are voices too; that of its student becomes one together with its teacher's, see <see cref="ImportedCheckpoint"/>.
/// </summary>
public static class VoiceLibrary
{
    /// <summary>The voice that speaks where none is asked for.</summary>
    public const string DefaultVoice = "student";

    /// <summary>
    /// The voice that judges recordings when none is named: one that learnt by maximum likelihood and scores in one pass. A student learns to speak, and its
    /// density of recordings says little.
    /// </summary>
    public const string DefaultJudge = "compact";

    private const string Extension = ".safetensors";

    /// <summary>Where the voices that come with the program lie.</summary>
    public static string Folder => Path.Combine(AppContext.BaseDirectory, "voices");

    /// <summary>Names of the voices in a folder, sorted; none where there is no such folder.</summary>
    /// <param name="folder">The default value is <see cref="Folder"/>.</param>
    public static IReadOnlyList<string> Names(string? folder = null)
    {
        folder ??= Folder;
        return !Directory.Exists(folder) ? []
            : [.. Directory.EnumerateFiles(folder, "*" + Extension).Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];
    }

    /// <summary>The file of a voice: the argument itself where it is one, else NAME.safetensors in the folder.</summary>
    /// <param name="nameOrPath">A file or the name of an installed voice.</param>
    /// <param name="folder">The default value is <see cref="Folder"/>.</param>
    /// <exception cref="VocoderException">There is neither; the line lists the voices that there are.</exception>
    public static string Find(string nameOrPath, string? folder = null)
    {
        ArgumentNullException.ThrowIfNull(nameOrPath);
        folder ??= Folder;
        if (File.Exists(nameOrPath)) return nameOrPath;
        string installed = Path.Combine(folder, nameOrPath + Extension);
        // A name has no folder in it: "../x" is a path that does not exist.
        if (nameOrPath.Length > 0 && Path.GetFileName(nameOrPath) == nameOrPath && File.Exists(installed)) return installed;
        IReadOnlyList<string> names = Names(folder);
        string expected = names.Count == 0 ? $"no voice is installed in {folder}" : $"one of {string.Join(", ", names)}";
        throw new VocoderException($"found no voice {VoiceFiles.Quote(nameOrPath)}, expected a file or an installed voice: {expected}");
    }

    /// <summary>Loads a voice.</summary>
    /// <param name="nameOrPath">A file or the name of an installed voice.</param>
    /// <param name="folder">The default value is <see cref="Folder"/>.</param>
    /// <exception cref="VocoderException">It is not there, or not usable; the line names the file.</exception>
    public static LoadedVoice Load(string nameOrPath, string? folder = null)
    {
        string path = Find(nameOrPath, folder);
        return WithSource(path, () =>
        {
            if (VoiceEngine.OfFile(path) is { } engine) return engine.Read(path, null);
            if (WaveGlowVoice.CanRead(path))
                return new LoadedVoice(Path.GetFileNameWithoutExtension(path), path, PublishedCheckpoint.Load(path), null);
            return Of(VoiceFile.Read(path));
        });
    }

    /// <summary>Loads a voice from a stream, a resource or a download say; checkpoints of others must be files.</summary>
    /// <param name="stream">A voice file, read to its end.</param>
    /// <param name="name">Stands for the file in errors.</param>
    /// <exception cref="VocoderException">It is not usable; the line starts with the name.</exception>
    public static LoadedVoice Load(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(name);
        return WithSource(name, () => Of(VoiceFile.Read(stream, name)));
    }

    private static LoadedVoice Of(VoiceFile file)
    {
        VocoderModel model = file.Model switch
        {
            WaveGlow.KindName => WaveGlowVoice.FromFile(file),
            Flowtron.KindName => throw PublishedCheckpoint.NoVocoder(file.Source),
            WaveFlow.KindName => WaveFlowVoice.FromFile(file),
            ClariNet.KindName => ClariNetVoice.FromFile(file),
            ClariNetTeacher.KindName => ClariNetTeacherVoice.FromFile(file),
            FloWaveNet.KindName or WaveNode.KindName => MultiScaleVoice.FromFile(file),
            _ => CompactVoice.FromFile(file),
        };
        return new LoadedVoice(file.Name, file.Source, model, file);
    }

    /// <summary>The recipe of a voice, without the work of building its model.</summary>
    /// <inheritdoc cref="Load"/>
    public static MelRecipe LoadRecipe(string nameOrPath, string? folder = null)
    {
        string path = Find(nameOrPath, folder);
        if (WithSource(path, () => VoiceEngine.OfFile(path)) is { } engine) return engine.Read(path, null).Model.Recipe;
        return WaveGlowVoice.CanRead(path) ? PublishedCheckpoint.Load(path).Recipe : WithSource(path, () => MelRecipe.FromJson(VoiceFile.Read(path).Recipe));
    }

    // Configurations and recipes do not know which file they came from.
    private static T WithSource<T>(string path, Func<T> load)
    {
        try
        {
            return load();
        }
        catch (VocoderException e) when (!e.Message.Contains(path, StringComparison.Ordinal))
        {
            throw new VocoderException($"{path}: {e.Message}", e);
        }
    }
}
