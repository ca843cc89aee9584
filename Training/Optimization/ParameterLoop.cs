using FlowVocoder.Compute;

namespace FlowVocoder.Training.Optimization;

/// <summary>A loop over all parameters of a model, shared by threads; each parameter is one thread's.</summary>
internal static class ParameterLoop
{
    /// <summary>Runs <paramref name="step"/> for parameters 0 … <paramref name="count"/>-1, which have <paramref name="size"/> numbers in all.</summary>
    public static void Run<T>(Parallelism parallelism, int count, long size, in T state, LoopStep<T> step) =>
        parallelism.ForRanges(count, (int)Math.Min(int.MaxValue, size / Math.Max(1, count)), (state, step), static (from, to, in s) =>
        {
            for (int i = from; i < to; i++) s.step(i, s.state);
        });
}
