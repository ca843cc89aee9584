namespace FlowVocoder.AudioIO;

/// <summary>What the file system says about a place to write to.</summary>
internal static class OutputTarget
{
    private const int UnixNoSpace = 28;
    private const int UnixQuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>
    /// Whether <paramref name="target"/> is free or a regular file, so that a rename may replace it; false for pipes
    /// and devices. Throws where an existing target may not be written: a rename would pass over its protection.
    /// </summary>
    public static bool IsReplaceable(string target)
    {
        if (!File.Exists(target))
            return true;
        if (IsDevicePath(target))
            return false;
        // Reading and writing, because opening a pipe for writing alone waits until somebody reads it.
        using var probe = new FileStream(target, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        return probe.CanSeek;
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
        DirectoryNotFoundException => "its folder does not exist",
        UnauthorizedAccessException => "permission denied",
        PathTooLongException => "the path is too long",
        ArgumentException => "not a valid path",
        _ => e.Message.ReplaceLineEndings(" "),
    };
}
