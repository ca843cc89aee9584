namespace FlowVocoder.Native;

/// <summary>Samples that wait to be pulled. Another thread may pull while one adds; it waits for copying only.</summary>
internal sealed class SampleQueue
{
    private readonly Lock _lock = new();
    private float[] _samples = [];
    private int _first, _count;

    public int Count
    {
        get
        {
            lock (_lock) return _count;
        }
    }

    public void Add(ReadOnlySpan<float> samples)
    {
        lock (_lock)
        {
            if (_first + _count + samples.Length > _samples.Length) MakeRoom(samples.Length);
            samples.CopyTo(_samples.AsSpan(_first + _count));
            _count += samples.Length;
        }
    }

    public int Take(Span<float> target)
    {
        lock (_lock)
        {
            int count = Math.Min(target.Length, _count);
            _samples.AsSpan(_first, count).CopyTo(target);
            _first += count;
            _count -= count;
            if (_count == 0) _first = 0;
            return count;
        }
    }

    public void Clear()
    {
        lock (_lock) (_first, _count) = (0, 0);
    }

    // What waits moves to the front, of a longer array where it must: twice as long, so that each sample is moved a few times at most.
    private void MakeRoom(int more)
    {
        float[] target = _count + more <= _samples.Length / 2 ? _samples
            : new float[Math.Max(checked(_count + more), (int)Math.Min(2L * _samples.Length, Array.MaxLength))];
        _samples.AsSpan(_first, _count).CopyTo(target);
        (_samples, _first) = (target, 0);
    }
}
