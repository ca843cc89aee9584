using System.Runtime.InteropServices;

namespace FlowVocoder.Cli;

/// <summary>
/// Standard streams that were closed when the program began (<c>&lt;&amp;-</c>, <c>&gt;&amp;-</c>). Their numbers are given to whatever is opened next: reading
/// there can wait for ever, and lines of a report would go into somebody's file.
/// </summary>
internal static partial class ClosedStreams
{
    private const int GetFlags = 1, CloseOnExec = 1;

    /// <summary>Whether this one was closed: it is still, or what is there now was opened by .NET, which marks its own as not to be inherited.</summary>
    public static bool IsClosed(int descriptor)
    {
        if (!OperatingSystem.IsLinux()) return false;
        int flags = Control(descriptor, GetFlags);
        return flags < 0 || (flags & CloseOnExec) != 0;
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command);
}
