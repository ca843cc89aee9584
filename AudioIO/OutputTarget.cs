namespace FlowVocoder.AudioIO;

/// <summary>What the file system says about a place to write to.</summary>
public static class OutputTarget
{
    private const int UnixNoSpace = 28;
    private const int UnixReadOnly = 30;
    private const int UnixQuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070), WindowsHandleDiskFull = unchecked((int)0x80070027);
    private const int WindowsSharing = unchecked((int)0x80070020), WindowsLocked = unchecked((int)0x80070021);

    /// <summary>
    /// Opens a pipe or a device for writing (a pipe: as soon as somebody reads it); null where <paramref name="target"/>
    /// is free or a regular file, which a rename may replace. Throws where an existing file is protected against
    /// writing: a rename would pass over that.
    /// </summary>
    internal static FileStream? OpenIrreplaceable(string target)
    {
        // NUL and the like, which are never "there".
        if (OperatingSystem.IsWindows() && IsDevicePath(target))
            return new FileStream(target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        if (!File.Exists(target))
            return null;
        var stream = new FileStream(target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        // Some devices claim to seek, so their place is asked for too.
        if (!stream.CanSeek || IsDevice(target))
            return stream;
        stream.Dispose();
        return null;
    }

    /// <summary>Whether a path is or leads to a device such as /dev/stdout, into which nothing but the result may go.</summary>
    public static bool IsDevice(string path)
    {
        const int MaxLinks = 40;
        try
        {
            // Link by link: where /dev/stdout leads to in the end may be an ordinary file.
            for (int i = 0; i < MaxLinks; i++)
            {
                path = Path.GetFullPath(path);
                if (IsDevicePath(path)) return true;
                if (new FileInfo(path).LinkTarget is not { } target) return false;
                path = Path.Combine(Path.GetDirectoryName(path)!, target);
            }
        }
        catch (Exception e) when (OutputStream.IsFileSystemError(e))
        {
            // Who opens it will tell.
        }
        return false;
    }

    /// <summary>Whether another program has the file open, which on Windows keeps it from being replaced.</summary>
    internal static bool IsInUse(Exception e) => OperatingSystem.IsWindows() && e.HResult is WindowsSharing or WindowsLocked;

    /// <summary>Whether a path lies where Unix keeps its devices and its open files, or is what Windows makes of NUL and COM1.</summary>
    private static bool IsDevicePath(string fullPath) => OperatingSystem.IsWindows()
        ? fullPath.StartsWith(@"\\.\", StringComparison.Ordinal)
        : ((fullPath.StartsWith("/dev/", StringComparison.Ordinal) && !fullPath.StartsWith("/dev/shm/", StringComparison.Ordinal))
            || fullPath.StartsWith("/proc/", StringComparison.Ordinal));

    /// <summary>One line that says why writing failed, without the name of the temporary file.</summary>
    internal static string Reason(Exception e) => e switch
    {
        IOException { HResult: WindowsDiskFull or WindowsHandleDiskFull } => "the disk is full",
        IOException when IsInUse(e) => "another program has it open, expected it to be closed",
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
