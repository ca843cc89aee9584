using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace FlowVocoder.AudioIO.Streams;

/// <summary>Standard input and output of the process as bytes.</summary>
public static partial class StandardStreams
{
    /// <summary>Standard input.</summary>
    public static Stream OpenInput() => Console.OpenStandardInput();

    /// <summary>Standard output, such that a reader that went away is an error.</summary>
    public static Stream OpenOutput()
    {
        // .NET's console stream says nothing about a broken pipe, and a program would go on speaking to nobody for ever. A FileStream does; but
        // into a file it would write at a place of its own, over what another program of the same shell line has written.
        var pipe = new FileStream(OutputHandle(), FileAccess.Write, bufferSize: 0);
        return pipe.CanSeek ? Console.OpenStandardOutput() : pipe;
    }

    private static SafeFileHandle OutputHandle() => new(OperatingSystem.IsWindows() ? GetStdHandle(WindowsOutput) : UnixOutput, ownsHandle: false);

    private const int UnixOutput = 1, WindowsOutput = -11;

    [LibraryImport("kernel32"), SupportedOSPlatform("windows")]
    private static partial nint GetStdHandle(int which);
}
