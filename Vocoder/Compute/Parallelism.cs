namespace FlowVocoder.Compute;

/// <summary>How many threads a computation may use. Results never depend on it.</summary>
public sealed class Parallelism
{
    /// <summary>Uses at most <paramref name="threads"/> threads; 0 means one per processor.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is negative.</exception>
    public Parallelism(int threads = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        Threads = threads == 0 ? Environment.ProcessorCount : threads;
    }

    /// <summary>Number of threads used at most.</summary>
    public int Threads { get; }

    /// <summary>
    /// Runs <paramref name="step"/> for 0 … <paramref name="count"/>-1, in any order. It must not throw. One thread allocates nothing
    /// when the step is a static lambda that takes what it works on from <paramref name="state"/>.
    /// </summary>
    internal void For<T>(int count, in T state, LoopStep<T> step)
    {
        if (Threads == 1 || count <= 1 || !HelperThreads.TryRun(count, state, step, Threads - 1))
            for (int i = 0; i < count; i++) step(i, state);
    }
}

/// <summary>One step of a loop.</summary>
internal delegate void LoopStep<T>(int index, in T state);
