namespace FlowVocoder.AudioIO.Streams;

/// <summary>
/// A pipe whose reads and writes a token can end, however long its other side does nothing. Not to be used after a cancellation: the call that was
/// given up still holds the pipe.
/// </summary>
/// <param name="inner">The pipe; closed with this.</param>
/// <param name="name">What errors call it, "standard input" for example.</param>
/// <param name="cancellation">Ends what waits, with an <see cref="OperationCanceledException"/>.</param>
public sealed class InterruptibleStream(Stream inner, string name, CancellationToken cancellation) : Stream
{
    /// <inheritdoc/>
    public override bool CanRead => inner.CanRead;

    /// <summary>False: what is behind it may be a file today and a pipe tomorrow.</summary>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => inner.CanWrite;

    /// <summary>Not supported.</summary>
    public override long Length => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <inheritdoc/>
    /// <exception cref="VocoderException">It cannot be read.</exception>
    public override int Read(byte[] buffer, int offset, int count) => PipeIO.Read(inner, buffer.AsMemory(offset, count), name, cancellation);

    /// <summary>Writes and flushes.</summary>
    /// <exception cref="BrokenPipeException">The reader closed the pipe.</exception>
    /// <exception cref="VocoderException">It cannot be written.</exception>
    public override void Write(byte[] buffer, int offset, int count) => PipeIO.Write(inner, buffer.AsMemory(offset, count), name, cancellation);

    /// <summary>Nothing: every write was flushed.</summary>
    public override void Flush()
    {
    }

    /// <summary>Not supported.</summary>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && !cancellation.IsCancellationRequested) inner.Dispose();
        base.Dispose(disposing);
    }
}
