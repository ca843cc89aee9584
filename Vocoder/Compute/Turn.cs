namespace FlowVocoder.Compute;

/// <summary>
/// A place that the chunks of a signal pass one after the other, while different threads work on them. Chunks are counted from 0; a chunk of
/// <see cref="Alone"/> belongs to a signal that one thread works on and waits for nothing.
/// </summary>
internal sealed class Turn
{
    /// <summary>The number of chunks that nobody shares.</summary>
    public const int Alone = -1;

    private int _next;

    /// <summary>Returns when the chunk before has passed.</summary>
    /// <exception cref="OperationCanceledException">It never will: the work on the signal was abandoned.</exception>
    public void Await(int chunk, StreamState state)
    {
        if (chunk == Alone) return;
        // Beyond some looks it offers its processor to others, the thread that it waits for among them; beyond many it sleeps, since whoever has
        // the turn waits itself, for a full pipe say.
        const int Patience = 5000;
        var spin = new SpinWait();
        while (Volatile.Read(ref _next) != chunk)
        {
            if (state.IsAbandoned) throw new OperationCanceledException("another thread failed at an earlier chunk");
            spin.SpinOnce(sleep1Threshold: Patience);
        }
    }

    /// <summary>Lets the next chunk pass, which sees all that was written before.</summary>
    public void Pass(int chunk)
    {
        if (chunk != Alone) Volatile.Write(ref _next, chunk + 1);
    }
}
