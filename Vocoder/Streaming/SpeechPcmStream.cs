using System.Buffers.Binary;

namespace FlowVocoder.Streaming;

/// <summary>
/// Speech as a readable stream of little-endian 16-bit samples, one channel, without a header: for a web response, a process or a socket.
/// A read gives what is there, at least one byte, and 0 at the end. Not thread-safe.
/// </summary>
public sealed class SpeechPcmStream : Stream
{
    private readonly CancellationTokenSource _closed = new();
    private readonly IAsyncEnumerator<SpeechBuffer> _buffers;
    private ReadOnlyMemory<byte> _rest;
    // The next buffer on its way: a read that is cancelled leaves it to the next read.
    private Task<bool>? _pending;

    /// <summary>Wraps what <see cref="VocoderStream.SpeakAsync"/> gives. Its exceptions pass through the reads.</summary>
    public SpeechPcmStream(IAsyncEnumerable<SpeechBuffer> buffers)
    {
        ArgumentNullException.ThrowIfNull(buffers);
        _buffers = buffers.GetAsyncEnumerator(_closed.Token);
    }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override bool CanWrite => false;

    /// <summary>Not supported: the end of speech is not known.</summary>
    public override long Length => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_closed.IsCancellationRequested, this);
        if (buffer.IsEmpty) return 0;
        while (_rest.IsEmpty)
        {
            cancellationToken.ThrowIfCancellationRequested();
            _pending ??= _buffers.MoveNextAsync().AsTask();
            bool isMore = await _pending.WaitAsync(cancellationToken).ConfigureAwait(false);
            // At the end the task is kept, so that further reads end too.
            if (!isMore) return 0;
            _pending = null;
            _rest = Encode(_buffers.Current.Samples.Span);
        }
        int count = Math.Min(buffer.Length, _rest.Length);
        _rest[..count].CopyTo(buffer);
        _rest = _rest[count..];
        return count;
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public override void Flush() { }

    /// <summary>Not supported.</summary>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Not supported.</summary>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <summary>Stops the work.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) DisposeAsync().AsTask().GetAwaiter().GetResult();
        base.Dispose(disposing);
    }

    /// <summary>Stops the work.</summary>
    public override async ValueTask DisposeAsync()
    {
        if (_closed.IsCancellationRequested) return;
        await _closed.CancelAsync().ConfigureAwait(false);
        // What is on its way ends now; how it ends concerns nobody.
        if (_pending != null) await ((Task)_pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _buffers.DisposeAsync().ConfigureAwait(false);
        _closed.Dispose();
    }

    // Rounded to the nearest of 65,536 steps, full scale ±1, and rounded off where it comes near.
    private static byte[] Encode(ReadOnlySpan<float> speech)
    {
        float[] samples = speech.ToArray();
        SpeechLimiter.Apply(samples);
        var bytes = new byte[samples.Length * sizeof(short)];
        for (int i = 0; i < samples.Length; i++)
            BinaryPrimitives.WriteInt16LittleEndian(bytes.AsSpan(i * sizeof(short)),
                (short)Math.Clamp(MathF.Round(samples[i] * 32768f), short.MinValue, short.MaxValue));
        return bytes;
    }
}
