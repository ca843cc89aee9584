namespace FlowVocoder.AudioIO;

/// <summary>What a path means when all links on its way are followed.</summary>
public static class LinkTarget
{
    /// <summary>How file names are compared here: on Windows and macOS small letters are large ones.</summary>
    public static StringComparer Names { get; } =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <summary>The path without links; the path itself where it cannot be resolved, which is told by who opens it.</summary>
    public static string Of(string path)
    {
        string full = Path.GetFullPath(path);
        return Path.GetDirectoryName(full) is { } folder ? Of(full, Of(folder)) : full;
    }

    /// <summary>The same where that of its folder is known.</summary>
    public static string Of(string path, string folder)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true) is { } target ? Of(target.FullName) : Path.Combine(folder, Path.GetFileName(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return Path.Combine(folder, Path.GetFileName(path));
        }
    }
}
