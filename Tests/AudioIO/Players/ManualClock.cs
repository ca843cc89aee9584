namespace FlowVocoder.Tests.AudioIO.Players;

/// <summary>
/// A clock for tests that wait: whoever waits is served at once, and the time has passed. Or, frozen, a wait that never ends by itself.
/// </summary>
internal class ManualClock(bool frozen = false) : TimeProvider
{
    private long _now = 1;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>Time since the clock was made.</summary>
    public TimeSpan Now => TimeSpan.FromTicks(Volatile.Read(ref _now) - 1);

    /// <summary>Set as soon as somebody waits.</summary>
    public ManualResetEventSlim Waited { get; } = new();

    public override long GetTimestamp() => Volatile.Read(ref _now);

    /// <summary>Lets time pass.</summary>
    public void Pass(TimeSpan time) => Interlocked.Add(ref _now, time.Ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        Waited.Set();
        if (!frozen)
        {
            Pass(dueTime);
            callback(state);
        }
        return new Nothing();
    }

    private sealed class Nothing : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
