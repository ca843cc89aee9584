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

    /// <summary>Runs <paramref name="body"/> for 0 … <paramref name="count"/>-1, in any order. The body must not throw.</summary>
    internal void For(int count, Action<int> body)
    {
        if (Threads == 1 || count <= 1 || !HelperThreads.TryRun(count, body, Threads - 1))
            for (int i = 0; i < count; i++) body(i);
    }
}
