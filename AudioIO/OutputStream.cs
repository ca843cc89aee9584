namespace FlowVocoder.AudioIO;

/// <summary>
/// The stream of an <see cref="AtomicFile"/>: passes everything on, and turns the failures of the file system into
/// errors that name the target instead of the temporary file. Disposing it only flushes.
/// </summary>
internal sealed class OutputStream(Stream inner, Func<Exception, Exception> failure) : Stream
{
    private bool _closed;

    public override bool CanRead => !_closed && inner.CanRead;

    public override bool CanSeek => !_closed && inner.CanSeek;

    public override bool CanWrite => !_closed && inner.CanWrite;

    public override long Length => inner.Length;

    public override long Position
    {
        get => inner.Position;
        set => Seek(value, SeekOrigin.Begin);
    }

    /// <summary>Whether an exception comes from the file system rather than from a mistake in the program.</summary>
    public static bool IsFileSystemError(Exception e) =>
        e is IOException or UnauthorizedAccessException or ArgumentException;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        try
        {
            inner.Write(buffer);
        }
        catch (IOException e)
        {
            throw failure(e);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void WriteByte(byte value) => Write([value]);

    public override int Read(Span<byte> buffer)
    {
        try
        {
            return inner.Read(buffer);
        }
        catch (IOException e)
        {
            throw failure(e);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin)
    {
        try
        {
            return inner.Seek(offset, origin);
        }
        catch (IOException e)
        {
            throw failure(e);
        }
    }

    public override void SetLength(long value)
    {
        try
        {
            inner.SetLength(value);
        }
        catch (IOException e)
        {
            throw failure(e);
        }
    }

    public override void Flush()
    {
        try
        {
            inner.Flush();
        }
        catch (IOException e)
        {
            throw failure(e);
        }
    }

    /// <summary>Flushes through the operating system's cache where the stream is a file.</summary>
    public void FlushToDisk()
    {
        if (inner is FileStream file)
            file.Flush(flushToDisk: true);
        else
            inner.Flush();
    }

    /// <summary>Closes the file; <paramref name="discardErrors"/> where its bytes are going to be thrown away.</summary>
    public void Close(bool discardErrors)
    {
        if (_closed)
            return;
        _closed = true;
        try
        {
            inner.Dispose();
        }
        catch (IOException) when (discardErrors)
        {
            // Bytes that could not be flushed belonged to a file that is being deleted.
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_closed)
            Flush();
        base.Dispose(disposing);
    }
}
