using System.Collections.Concurrent;

namespace FlowVocoder.Compute;

/// <summary>
/// What causal operations remember between chunks: one slot for each place in the model, found by its name.
/// </summary>
public sealed class StreamState
{
    private readonly ConcurrentDictionary<string, StreamSlot> _slots = new(StringComparer.Ordinal);
    private volatile bool _isAbandoned;

    /// <summary>Size of the state in bytes.</summary>
    public long Bytes => _slots.Values.Sum(slot => (long)slot.Values.Size * sizeof(float));

    /// <summary>Copies of all slots by name, the oldest step first; which there are depends on how far the stream has come.</summary>
    internal IEnumerable<(string Name, Tensor Values)> Slots => _slots.OrderBy(slot => slot.Key, StringComparer.Ordinal).Select(slot => (slot.Key, slot.Value.InOrder()));

    /// <summary>The slot of a place in the model, zeros when it is first asked for.</summary>
    internal StreamSlot Slot(string site, int batch, int channels, int length)
    {
        StreamSlot slot = _slots.GetOrAdd(site, static (_, size) => new StreamSlot(new Tensor(size.batch, size.channels, size.length)), (batch, channels, length));
        if (slot.Values.Batch != batch || slot.Values.Channels != channels || slot.Values.Length != length)
            throw new ArgumentException($"a stream began with a state of {slot.Values.Shape} and continues with [{batch}, {channels}, {length}]");
        return slot;
    }

    /// <summary>Whether one of the threads that share the signal has failed, so that the others wait in vain.</summary>
    internal bool IsAbandoned => _isAbandoned;

    /// <summary>Lets the other threads stop.</summary>
    internal void Abandon() => _isAbandoned = true;

    /// <summary>Forgets the past.</summary>
    public void Clear()
    {
        foreach (StreamSlot slot in _slots.Values) slot.Clear();
    }

    /// <summary>Takes up other slots instead of these.</summary>
    internal void Replace(IEnumerable<(string Name, Tensor Values)> slots)
    {
        _slots.Clear();
        foreach (var (name, values) in slots) _slots[name] = new StreamSlot(values);
    }
}
