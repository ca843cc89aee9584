namespace FlowVocoder.Compute;

/// <summary>
/// What causal operations remember between chunks: one slot for each place in the model, found by the layer that owns it.
/// </summary>
public sealed class StreamState
{
    private readonly Dictionary<object, Tensor> _slots = new(ReferenceEqualityComparer.Instance);

    /// <summary>Size of the state in bytes.</summary>
    public long Bytes => _slots.Values.Sum(slot => (long)slot.Size * sizeof(float));

    /// <summary>The slot of a place in the model, zeros when it is first asked for.</summary>
    internal Tensor Slot(object site, int batch, int channels, int length)
    {
        if (!_slots.TryGetValue(site, out Tensor? slot)) _slots[site] = slot = new Tensor(batch, channels, length);
        if (slot.Batch != batch || slot.Channels != channels || slot.Length != length)
            throw new ArgumentException($"a stream began with a state of {slot.Shape} and continues with [{batch}, {channels}, {length}]");
        return slot;
    }

    /// <summary>Forgets the past.</summary>
    public void Clear()
    {
        foreach (Tensor slot in _slots.Values) slot.Span.Clear();
    }
}
