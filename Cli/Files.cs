using FlowVocoder.AudioIO;

namespace FlowVocoder.Cli;

/// <summary>Reading what verbs read, with what the user should know about it; and asking early whether a result can be written.</summary>
internal static class Files
{
    /// <summary>A recording as mono samples at a rate; says so where it had to be changed.</summary>
    public static float[] ReadRecording(string path, int sampleRate, Terminal terminal)
    {
        using RecordingSource source = OpenRecording(path, sampleRate, terminal);
        float[] samples = Recording.Read(source).Samples;
        Tell(path, source, terminal);
        return samples;
    }

    /// <summary>A recording from a file, or from standard input where that is asked for.</summary>
    public static RecordingSource OpenRecording(string path, int sampleRate, Terminal terminal) =>
        path == Pipes.Dash ? new RecordingSource(terminal.OpenPipeIn("a recording"), Pipes.InputName, sampleRate) : new RecordingSource(path, sampleRate);

    /// <summary>How a recording was changed, and what is likely to be a mistake in it, once it has been gone through.</summary>
    public static void Tell(string path, RecordingSource source, Terminal terminal)
    {
        string name = Name(path);
        if (source.Changes is { } changes) terminal.Warn($"{name}: {changes}");
        if (source.Warning is { } warning) terminal.Warn($"vocoder: warning: '{name}': {warning}");
    }

    /// <summary>How an input is called.</summary>
    public static string Name(string path) => path == Pipes.Dash ? Pipes.InputName : path;

    /// <summary>Says what is likely to be a mistake in a recording.</summary>
    public static void Warn(string path, Recording recording, Terminal terminal)
    {
        if (recording.Warning is { } warning) terminal.Warn($"vocoder: warning: '{path}': {warning}");
    }

    /// <summary>Refuses to write over what is read: a recording typed twice would be lost.</summary>
    public static void CheckNotAnInput(string output, IEnumerable<string> inputs)
    {
        string target = LinkTarget.Of(output);
        if (!OutputTarget.IsDevice(target) && inputs.FirstOrDefault(input => LinkTarget.Names.Equals(LinkTarget.Of(input), target)) is { } same)
            throw new UsageException($"the output '{output}' is also the input '{same}', expected another file");
    }

    // Endings that name a format.
    private static readonly string[] s_formats =
        [".npy", ".npz", ".pt", ".pth", ".ckpt", ".safetensors", ".onnx", ".json", ".jsonl", ".txt", ".png", ".jpg", ".jpeg", ".svg", ".wav", ".wave",
            ".flac", ".mp3",
         ".ogg", ".oga", ".opus", ".m4a", ".aac", ".wma", ".aif", ".aiff", ".au", ".raw", ".pcm"];

    /// <summary>Refuses a name whose ending says another format than that of what is written; a name without such an ending is the user's own.</summary>
    /// <param name="output">The file to write.</param>
    /// <param name="what">What is written.</param>
    /// <param name="endings">Its endings.</param>
    public static void CheckEnding(string output, string what, params string[] endings)
    {
        string ending = Path.GetExtension(output).ToLowerInvariant();
        if (s_formats.Contains(ending) && !endings.Contains(ending))
            throw new UsageException($"the output is '{output}' and would be {what}, expected a name that ends in {string.Join(" or ", endings)}");
    }

    /// <summary>Fails now, and not after the work, where a file cannot be written.</summary>
    public static void CheckWritable(string path)
    {
        // A device or a pipe may not be opened twice.
        if (OutputTarget.IsDevice(path) || (File.Exists(path) && (File.GetAttributes(path) & FileAttributes.Device) != 0)) return;
        // What a kill left behind goes first: the disk may be full of it.
        AtomicFile.DeleteLeftovers(path);
        new AtomicFile(path).Dispose();
    }

    /// <summary>Makes sure of a folder for results.</summary>
    public static void CreateFolder(string path)
    {
        if (File.Exists(path)) throw new VocoderException($"cannot write to '{path}': it is a file, expected a folder");
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string reason = e is UnauthorizedAccessException ? "permission denied" : e.Message.ReplaceLineEndings(" ");
            throw new VocoderException($"cannot create the folder '{path}': {reason}", e);
        }
    }
}
