namespace FlowVocoder.AudioIO;

/// <summary>What the file system says about a place to write to.</summary>
internal static class OutputTarget
{
    private const int UnixNoSpace = 28;
    private const int UnixReadOnly = 30;
    private const int UnixQuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>
    /// Opens a pipe or a device for writing (a pipe: as soon as somebody reads it); null where <paramref name="target"/>
    /// is free or a regular file, which a rename may replace. Throws where an existing file is protected against
    /// writing: a rename would pass over that.
    /// </summary>
    public static FileStream? OpenIrreplaceable(string target)
    {
        if (!File.Exists(target))
            return null;
        var stream = new FileStream(target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        // Some devices claim to seek, so their place is asked for too.
        if (!stream.CanSeek || IsDevicePath(target))
            return stream;
        stream.Dispose();
        return null;
    }

    /// <summary>Whether a path lies where Unix keeps its devices and its open files.</summary>
    public static bool IsDevicePath(string fullPath) =>
        !OperatingSystem.IsWindows()
        && ((fullPath.StartsWith("/dev/", StringComparison.Ordinal) && !fullPath.StartsWith("/dev/shm/", StringComparison.Ordinal))
            || fullPath.StartsWith("/proc/", StringComparison.Ordinal));

    /// <summary>One line that says why writing failed, without the name of the temporary file.</summary>
    public static string Reason(Exception e) => e switch
    {
        IOException { HResult: WindowsDiskFull } => "the disk is full",
        IOException { HResult: UnixNoSpace or UnixQuotaExceeded } when !OperatingSystem.IsWindows() => "the disk is full",
        IOException { HResult: UnixReadOnly } when !OperatingSystem.IsWindows() => "the file system is read-only",
        // Where nothing can be made, as in /proc.
        FileNotFoundException => "its folder takes no files",
        DirectoryNotFoundException => "its folder does not exist",
        UnauthorizedAccessException => "permission denied",
        PathTooLongException => "the path is too long",
        ArgumentException => "not a valid path",
        _ => e.Message.ReplaceLineEndings(" "),
    };
}
