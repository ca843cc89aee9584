namespace FlowVocoder.Streaming;

/// <summary>Frames of a producer, for which nobody waits any longer after cancellation, even if the producer goes on.</summary>
internal sealed class CancellableFrames(IAsyncEnumerable<ReadOnlyMemory<float>> frames, CancellationToken cancellation) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<ReadOnlyMemory<float>> _frames = frames.GetAsyncEnumerator(cancellation);
    private Task<bool>? _pending;

    public ReadOnlyMemory<float> Current => _frames.Current;

    public async ValueTask<bool> MoveNextAsync()
    {
        cancellation.ThrowIfCancellationRequested();
        _pending = _frames.MoveNextAsync().AsTask();
        return await _pending.WaitAsync(cancellation).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        if (_pending is not { IsCompleted: false } pending) return _frames.DisposeAsync();
        // A producer must not be disposed while it works, so this happens when it is done.
        _ = DisposeAfter(pending);
        return default;
    }

    private async Task DisposeAfter(Task pending)
    {
        await pending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _frames.DisposeAsync().ConfigureAwait(false);
    }
}
