using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace FlowVocoder.Compute;

/// <summary>
/// The threads of the process that help with loops. A network is thousands of loops of some tens of microseconds, so a helper looks for the
/// next one for a while before it sleeps; with the thread pool's own loops a training step takes a tenth longer. The helpers serve
/// one loop at a time: one that arrives meanwhile, from another stream or while a whole mel is spoken, is left to its caller.
/// </summary>
internal static class HelperThreads
{
    private const int Looks = 1000, SpinsPerLook = 8;
    private static readonly Lock s_busy = new();
    private static readonly SemaphoreSlim s_wake = new(0);
    private static volatile Job? s_job;
    private static int s_threads, s_sleeping;

    /// <summary>Runs the loop with up to <paramref name="helpers"/> threads beside the caller's; false when they are busy elsewhere.</summary>
    public static bool TryRun<T>(int count, in T state, LoopStep<T> step, int helpers)
    {
        if (!s_busy.TryEnter()) return false;
        try
        {
            for (; s_threads < helpers; s_threads++) new Thread(Help) { IsBackground = true, Name = "FlowVocoder helper" }.Start();
            var job = new Job<T>(count, state, step, helpers);
            s_job = job;
            // Between the store of the job and the load of the sleepers, as a helper has one between its count and its last look at the job: without both each
            // could miss what the other wrote, and a helper would sleep through the loop.
            Interlocked.MemoryBarrier();
            int sleeping = Volatile.Read(ref s_sleeping);
            if (sleeping > 0) s_wake.Release(sleeping);
            job.Work(isCaller: true);
            s_job = null;
            job.WaitForOthers();
            job.ThrowFailure();
            return true;
        }
        finally
        {
            s_busy.Exit();
        }
    }

    private static void Help()
    {
        // The number of the last job and not the job, which would keep its tensors alive.
        long last = 0;
        while (true)
        {
            if (Help(ref last)) continue;
            Interlocked.Increment(ref s_sleeping);
            // A loop that began between the last look and the count above found no sleeper to wake.
            if (!IsNew(last)) s_wake.Wait();
            Interlocked.Decrement(ref s_sleeping);
        }
    }

    // Apart, so that no job stays on the stack of a thread that sleeps.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool Help(ref long last)
    {
        for (int look = 0; look < Looks; look++)
        {
            if (s_job is { } job && job.Number != last)
            {
                last = job.Number;
                if (job.Join()) job.Work(isCaller: false);
                return true;
            }
            Thread.SpinWait(SpinsPerLook);
        }
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool IsNew(long last) => s_job is { } job && job.Number != last;

    private abstract class Job(int count, int helpers)
    {
        private static long s_number;
        private ExceptionDispatchInfo? _failure;
        private int _claimed, _fromEnd, _done, _places = helpers;

        // Only one job is made at a time.
        public long Number { get; } = ++s_number;

        protected abstract void Run(int index);

        public bool Join() => Interlocked.Decrement(ref _places) >= 0;

        // The caller begins at the front and the helpers at the end, in every loop: what a thread works on is then mostly what it wrote in the loop before,
        // and need not come from the cache of another processor.
        public void Work(bool isCaller)
        {
            int finished = 0;
            for (; Interlocked.Increment(ref _claimed) <= count; finished++)
                try
                {
                    Run(isCaller ? finished : count + Interlocked.Decrement(ref _fromEnd));
                }
                catch (Exception e)
                {
                    // On a helper it would end the process; the caller throws it when all are done.
                    Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(e), null);
                }
            if (finished > 0) Interlocked.Add(ref _done, finished);
        }

        public void ThrowFailure() => _failure?.Throw();

        public void WaitForOthers()
        {
            var spin = new SpinWait();
            while (Volatile.Read(ref _done) < count) spin.SpinOnce(sleep1Threshold: -1);
        }
    }

    private sealed class Job<T>(int count, T state, LoopStep<T> step, int helpers) : Job(count, helpers)
    {
        protected override void Run(int index) => step(index, state);
    }
}
