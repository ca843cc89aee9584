using System.Runtime.CompilerServices;

namespace FlowVocoder.Streaming;

/// <summary>
/// Awaited, it goes on as a new work item at the end of the thread pool's queue, behind everybody who waits already. Task.Run and Task.Yield would
/// put it first in the queue of the thread that runs now, and a busy stream would go on until the pool takes that thread away from it.
/// </summary>
internal readonly struct PoolTurn : ICriticalNotifyCompletion
{
    public static PoolTurn Next => default;

    public PoolTurn GetAwaiter() => this;

    public bool IsCompleted => false;

    public void GetResult() { }

    public void OnCompleted(Action continuation) => ThreadPool.QueueUserWorkItem(static next => next(), continuation, preferLocal: false);

    public void UnsafeOnCompleted(Action continuation) => ThreadPool.UnsafeQueueUserWorkItem(static next => next(), continuation, preferLocal: false);
}
