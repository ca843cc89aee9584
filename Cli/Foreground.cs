using System.Runtime.InteropServices;

namespace FlowVocoder.Cli;

/// <summary>Whether this process may read its terminal: the system stops one that a shell has started with '&amp;' when it tries.</summary>
internal static partial class Foreground
{
    /// <summary>False where standard input is a terminal that another process group has now; true where it is anything else, or cannot be told.</summary>
    public static bool MayRead
    {
        get
        {
            if (!OperatingSystem.IsLinux()) return true;
            int group = TerminalGroup(0);
            return group < 0 || group == OwnGroup();
        }
    }

    [LibraryImport("libc", EntryPoint = "tcgetpgrp")]
    private static partial int TerminalGroup(int descriptor);

    [LibraryImport("libc", EntryPoint = "getpgrp")]
    private static partial int OwnGroup();
}
