namespace FlowVocoder.Compute;

/// <summary>How many threads a computation may use. Results never depend on it.</summary>
public sealed class Parallelism
{
    /// <summary>Floats that are worth a part of their own: some microseconds of simple work.</summary>
    internal const int Grain = 1 << 14;

    /// <summary>Uses at most <paramref name="threads"/> threads; 0 means one per processor.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public Parallelism(int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        (Threads, IsDefault) = (threads == 0 ? Environment.ProcessorCount : threads, threads == 0);
    }

    /// <summary>Whether nobody has said how many, so that an engine which gains nothing from so many may take fewer.</summary>
    public bool IsDefault { get; }

    /// <summary>Number of threads used at most.</summary>
    public int Threads { get; }

    /// <summary>
    /// Runs <paramref name="step"/> for 0 … <paramref name="count"/>-1, in any order. Where one throws, the others are done, and then
    /// the first exception is thrown. One thread allocates nothing when the step is a static lambda that takes what it works on from <paramref name="state"/>.
    /// </summary>
    internal void For<T>(int count, in T state, LoopStep<T> step)
    {
        if (Threads == 1 || count <= 1 || !HelperThreads.TryRun(count, state, step, Threads - 1))
            for (int i = 0; i < count; i++) step(i, state);
    }

    /// <summary>
    /// Runs <paramref name="step"/> over ranges that together are 0 … <paramref name="count"/>-1, each of some work: <paramref name="itemSize"/> floats
    /// an item. What is too little to share runs as one range.
    /// </summary>
    internal void ForRanges<T>(int count, int itemSize, in T state, RangeStep<T> step)
    {
        int items = Math.Max(1, Grain / Math.Max(1, itemSize)), ranges = (count + items - 1) / items;
        if (Threads == 1 || ranges < 2) step(0, count, state);
        else For(ranges, (count, items, state, step), static (range, in s) => s.step(range * s.items, Math.Min(s.count, (range + 1) * s.items), s.state));
    }
}

/// <summary>Steps from … to-1 of a loop.</summary>
internal delegate void RangeStep<T>(int from, int to, in T state);

/// <summary>One step of a loop.</summary>
internal delegate void LoopStep<T>(int index, in T state);
