using Microsoft.Win32.SafeHandles;

namespace FlowVocoder.AudioIO.Streams;

/// <summary>Standard input and output of the process as bytes.</summary>
public static class StandardStreams
{
    /// <summary>Standard input.</summary>
    public static Stream OpenInput() => Console.OpenStandardInput();

    /// <summary>Standard output, such that a reader that went away is an error.</summary>
    public static Stream OpenOutput()
    {
        if (OperatingSystem.IsWindows()) return Console.OpenStandardOutput();
        // .NET's console stream says nothing about a broken pipe, and a program would go on speaking to nobody for ever. A FileStream does; but
        // into a file it would write at a place of its own, over what another program of the same shell line has written.
        var pipe = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return pipe.CanSeek ? Console.OpenStandardOutput() : pipe;
    }
}
