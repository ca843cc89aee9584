using System.Net.Sockets;

namespace FlowVocoder.AudioIO.Streams;

/// <summary>
/// Reading and writing pipes in a way that Ctrl-C can end. A pipe whose other side does nothing holds its reader or writer in the operating
/// system for ever; the call is left behind there, on a thread of its own that does not keep the process alive.
/// </summary>
internal static class PipeIO
{
    private const int UnixBrokenPipe = 32;
    // ERROR_BROKEN_PIPE, ERROR_NO_DATA, ERROR_PIPE_NOT_CONNECTED.
    private static readonly int[] s_windowsBrokenPipe = [unchecked((int)0x8007006D), unchecked((int)0x800700E8), unchecked((int)0x800700E9)];

    /// <summary>Writes and flushes.</summary>
    /// <param name="stream">Not to be used again after a cancellation.</param>
    /// <param name="bytes">Not to be changed after a cancellation.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="BrokenPipeException">The reader closed the pipe.</exception>
    /// <exception cref="VocoderException">The disk behind it is full, for example.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static void Write(Stream stream, ReadOnlyMemory<byte> bytes, string name, CancellationToken cancellation)
    {
        try
        {
            Wait(Task.Run(() =>
            {
                stream.Write(bytes.Span);
                stream.Flush();
            }, CancellationToken.None), cancellation);
        }
        catch (IOException e) when (IsBrokenPipe(e))
        {
            throw new BrokenPipeException(name, e);
        }
        catch (IOException e)
        {
            throw new VocoderException($"cannot write to {name}: {OutputTarget.Reason(e)}", e);
        }
    }

    /// <summary>Reads what is there, waiting for at least one byte.</summary>
    /// <param name="stream">Not to be used again after a cancellation.</param>
    /// <param name="buffer">Not to be used again after a cancellation.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>Bytes read; 0 at the end.</returns>
    /// <exception cref="VocoderException">It cannot be read.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static int Read(Stream stream, Memory<byte> buffer, string name, CancellationToken cancellation)
    {
        try
        {
            Task<int> reading = Task.Run(() => stream.Read(buffer.Span), CancellationToken.None);
            Wait(reading, cancellation);
            return reading.Result;
        }
        catch (IOException e)
        {
            throw new VocoderException($"cannot read {name}: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }

    // Wait() itself would wrap the exceptions.
    private static void Wait(Task task, CancellationToken cancellation)
    {
        task.WaitAsync(cancellation).GetAwaiter().GetResult();
    }

    // .NET's own pipes are sockets on Unix.
    private static bool IsBrokenPipe(IOException e) =>
        e.InnerException is SocketException { SocketErrorCode: SocketError.Shutdown or SocketError.ConnectionReset }
        || (OperatingSystem.IsWindows() ? s_windowsBrokenPipe.Contains(e.HResult) : e.HResult == UnixBrokenPipe);
}
