namespace FlowVocoder.AudioIO.Streams;

/// <summary>Samples that come in pieces of one size and are read in pieces of another.</summary>
/// <param name="capacity">Most samples of a piece that comes.</param>
internal sealed class SpeechPieces(int capacity)
{
    private int _next, _ready;

    /// <summary>Where a piece is written before <see cref="Take"/>.</summary>
    public float[] Samples { get; } = new float[capacity];

    /// <summary>Samples that have come and are not read.</summary>
    public int Left => _ready - _next;

    /// <summary>Begins a new piece of so many of <see cref="Samples"/>.</summary>
    /// <returns>Whether there are any.</returns>
    public bool Take(int count)
    {
        (_next, _ready) = (0, count);
        return count > 0;
    }

    /// <summary>Reads until the buffer is full or nothing comes any more.</summary>
    /// <param name="buffer">Receives the samples.</param>
    /// <param name="more">Brings a new piece; false where there is none.</param>
    /// <returns>Samples written.</returns>
    public int Read(Span<float> buffer, Func<bool> more)
    {
        int written = 0;
        while (written < buffer.Length)
        {
            if (Left == 0 && !more()) break;
            int count = Math.Min(Left, buffer.Length - written);
            Samples.AsSpan(_next, count).CopyTo(buffer[written..]);
            (_next, written) = (_next + count, written + count);
        }
        return written;
    }
}
