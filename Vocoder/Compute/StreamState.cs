using System.Collections.Concurrent;

namespace FlowVocoder.Compute;

/// <summary>
/// What causal operations remember between chunks: one slot for each place in the model, found by its name.
/// </summary>
public sealed class StreamState
{
    private readonly ConcurrentDictionary<string, StreamSlot> _slots = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (Tensor Values, Func<Tensor, Tensor> Bring)> _elsewhere = new(StringComparer.Ordinal);
    private volatile bool _isAbandoned;

    /// <summary>Size of the state in bytes.</summary>
    public long Bytes => sizeof(float) * (_slots.Values.Sum(slot => (long)slot.Values.Size) + _elsewhere.Values.Sum(slot => (long)slot.Values.Size));

    /// <summary>Copies of all slots by name, the oldest step first; which there are depends on how far the stream has come.</summary>
    internal IEnumerable<(string Name, Tensor Values)> Slots => _slots.Select(slot => (Name: slot.Key, Values: slot.Value.InOrder()))
        .Concat(_elsewhere.Select(slot => (Name: slot.Key, Values: slot.Value.Bring(slot.Value.Values)))).OrderBy(slot => slot.Name, StringComparer.Ordinal);

    /// <summary>
    /// The last steps of a place, [batch, channels, steps], the oldest first, as <see cref="Remember"/> was given them or as they were restored; null at the
    /// beginning.
    /// </summary>
    /// <exception cref="ArgumentException">They are of another shape.</exception>
    public Tensor? Recall(string site, int batch, int channels, int length)
    {
        Tensor? values = _elsewhere.TryGetValue(site, out var kept) ? kept.Values : _slots.TryGetValue(site, out StreamSlot? slot) ? slot.InOrder() : null;
        if (values != null) RequireShape(values, batch, channels, length);
        return values;
    }

    /// <summary>Keeps the last steps of a place where an engine has them.</summary>
    /// <param name="site">The place.</param>
    /// <param name="values">[batch, channels, steps], the oldest first.</param>
    /// <param name="bring">Copies them to host memory, when the state is saved.</param>
    public void Remember(string site, Tensor values, Func<Tensor, Tensor> bring)
    {
        _elsewhere[site] = (values, bring);
        _slots.TryRemove(site, out _);
    }

    /// <summary>The slot of a place in the model, zeros when it is first asked for.</summary>
    internal StreamSlot Slot(string site, int batch, int channels, int length)
    {
        StreamSlot slot = _slots.GetOrAdd(site, static (_, size) => new StreamSlot(new Tensor(size.batch, size.channels, size.length)),
            (batch, channels, length));
        RequireShape(slot.Values, batch, channels, length);
        return slot;
    }

    private static void RequireShape(Tensor values, int batch, int channels, int length)
    {
        if (values.Batch != batch || values.Channels != channels || values.Length != length)
            throw new ArgumentException($"a stream began with a state of {values.Shape} and continues with [{batch}, {channels}, {length}]");
    }

    /// <summary>Whether one of the threads that share the signal has failed, so that the others wait in vain.</summary>
    internal bool IsAbandoned => _isAbandoned;

    /// <summary>Lets the other threads stop.</summary>
    internal void Abandon() => _isAbandoned = true;

    /// <summary>Forgets the past.</summary>
    public void Clear()
    {
        foreach (StreamSlot slot in _slots.Values) slot.Clear();
        _elsewhere.Clear();
    }

    /// <summary>Takes up other slots instead of these.</summary>
    internal void Replace(IEnumerable<(string Name, Tensor Values)> slots)
    {
        _slots.Clear();
        _elsewhere.Clear();
        foreach (var (name, values) in slots) _slots[name] = new StreamSlot(values);
    }
}
