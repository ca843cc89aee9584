using System.Globalization;

namespace FlowVocoder.Training;

/// <summary>The right of one process to a run. It ends with the process, however that ends.</summary>
internal sealed class RunLock : IDisposable
{
    private readonly FileStream _file;
    private readonly string _owner;

    private RunLock(FileStream file, string owner) => (_file, _owner) = (file, owner);

    /// <summary>Takes it for the voice at <paramref name="output"/>.</summary>
    /// <exception cref="VocoderException">Another run has it, whose process is named; or its folder takes no files.</exception>
    public static RunLock Take(string output)
    {
        // A locked file cannot be read, so that who has it stands in another.
        string path = output + ".lock", owner = output + ".pid";
        try
        {
            while (true)
            {
                var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
                // Whoever had it may have deleted it between the opening and the locking.
                if (File.Exists(path))
                {
                    File.WriteAllText(owner, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
                    return new RunLock(file, owner);
                }
                file.Dispose();
            }
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new VocoderException($"{output}: another run writes it{Owner(owner)}, expected none; stop that one, or choose another --out", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VocoderException($"cannot write '{path}': {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    public void Dispose()
    {
        File.Delete(_owner);
        _file.Dispose();
    }

    private static string Owner(string path)
    {
        try
        {
            return int.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out int id)
                ? FormattableString.Invariant($", process {id}") : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It has just begun, or ended.
            return "";
        }
    }
}
