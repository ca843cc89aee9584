using System.Runtime.InteropServices;

namespace FlowVocoder.AudioIO;

/// <summary>
/// A ring buffer of samples between two threads, without locks: one thread writes, one other reads, and neither ever waits. Between an audio
/// device, whose thread must not be held up, and the thread that computes.
/// </summary>
/// <remarks>
/// The queue of Lamport ("Proving the correctness of multiprocess programs", 1977): each position is written by one side only. It is
/// published with release semantics after the samples were copied and read with acquire semantics before, so that a side never sees a
/// position without the samples (or the free room) that it stands for.
/// </remarks>
public sealed class SampleRing
{
    private readonly float[] _samples;
    private readonly int _mask;
    private Positions _positions;

    /// <summary>Makes an empty ring.</summary>
    /// <param name="capacity">Samples it must hold, 1 … 2^30; rounded up to a power of two.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is outside its range.</exception>
    public SampleRing(int capacity)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, 1 << 30);
        _samples = new float[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity)];
        _mask = _samples.Length - 1;
    }

    /// <summary>Samples it can hold.</summary>
    public int Capacity => _samples.Length;

    /// <summary>Samples that wait to be read. For the reader at least so many are there, for the writer at most so many.</summary>
    public int Count
    {
        get
        {
            // In this order, so that a third thread sees a number from 0 to the capacity most of the time; clamped for the rest.
            long read = Volatile.Read(ref _positions.Read), written = Volatile.Read(ref _positions.Written);
            return (int)Math.Clamp(written - read, 0, Capacity);
        }
    }

    /// <summary>Adds samples at the end. Only one thread may call this.</summary>
    /// <returns>How many found room: the first so many of <paramref name="samples"/>.</returns>
    public int Write(ReadOnlySpan<float> samples)
    {
        long written = _positions.Written;
        int count = (int)Math.Min(samples.Length, Capacity - (written - Volatile.Read(ref _positions.Read)));
        int at = (int)(written & _mask), first = Math.Min(count, Capacity - at);
        samples[..first].CopyTo(_samples.AsSpan(at));
        samples[first..count].CopyTo(_samples);
        Volatile.Write(ref _positions.Written, written + count);
        return count;
    }

    /// <summary>Takes the oldest samples. Only one thread may call this (or <see cref="Skip"/>).</summary>
    /// <returns>How many there were, at most <paramref name="samples"/>.Length.</returns>
    public int Read(Span<float> samples)
    {
        long read = _positions.Read;
        int count = (int)Math.Min(samples.Length, Volatile.Read(ref _positions.Written) - read);
        int at = (int)(read & _mask), first = Math.Min(count, Capacity - at);
        _samples.AsSpan(at, first).CopyTo(samples);
        _samples.AsSpan(0, count - first).CopyTo(samples[first..]);
        Volatile.Write(ref _positions.Read, read + count);
        return count;
    }

    /// <summary>Throws the oldest samples away. Only the thread that reads may call this.</summary>
    /// <returns>How many there were, at most <paramref name="count"/>.</returns>
    public int Skip(int count)
    {
        long read = _positions.Read;
        int skipped = (int)Math.Min(count, Volatile.Read(ref _positions.Written) - read);
        Volatile.Write(ref _positions.Read, read + skipped);
        return skipped;
    }

    // A cache line of its own for each (two, because processors fetch pairs): the sides would slow each other down on a shared one.
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private struct Positions
    {
        [FieldOffset(128)] public long Written;
        [FieldOffset(256)] public long Read;
    }
}
