using FlowVocoder.AudioIO.Streams;

namespace FlowVocoder.AudioIO.Players;

/// <summary>
/// Hands raw samples to another program: 16-bit little-endian integers, mono, into a pipe such as standard output. The program behind it sets the
/// pace; what it has buffered, and whether it ran dry, cannot be known here.
/// </summary>
public sealed class PcmPlayer : AudioPlayer
{
    private readonly Stream _stream;
    private readonly byte[] _bytes = new byte[1024 * sizeof(short)];

    /// <summary>Plays into a stream.</summary>
    /// <param name="stream">Receives the bytes, flushed after each write. Closed by <see cref="AudioPlayer.Dispose()"/>.</param>
    /// <param name="sampleRate">Samples per second.</param>
    /// <param name="name">What errors call it. The default value is "standard output".</param>
    public PcmPlayer(Stream stream, int sampleRate, string name = "standard output") : base(name, sampleRate) => _stream = stream;

    /// <inheritdoc/>
    public override int BufferedSamples => 0;

    /// <inheritdoc/>
    /// <remarks>Nothing is queued on this side: the last write was flushed.</remarks>
    public override void Drain(CancellationToken cancellation = default)
    {
    }

    /// <inheritdoc/>
    /// <remarks>What is in the pipe cannot be taken back.</remarks>
    protected override void Discard()
    {
    }

    /// <inheritdoc/>
    /// <exception cref="BrokenPipeException">The reader closed the pipe.</exception>
    protected override void Queue(ReadOnlySpan<float> samples, long stops, CancellationToken cancellation)
    {
        int count = Pcm16.Encode(samples, _bytes);
        PipeIO.Write(_stream, _bytes.AsMemory(0, count), Name, cancellation);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _stream.Dispose();
    }
}
