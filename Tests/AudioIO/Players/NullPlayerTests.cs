using FlowVocoder.AudioIO.Players;

namespace FlowVocoder.Tests.AudioIO.Players;

public class NullPlayerTests
{
    private const int Rate = 1000;

    private static NullPlayer New(TimeProvider clock, int bufferMilliseconds = 100) => new(Rate, TimeSpan.FromMilliseconds(bufferMilliseconds), clock);

    [Fact]
    public void A_buffer_is_taken_at_once_and_the_rest_in_real_time()
    {
        var clock = new ManualClock();
        using NullPlayer player = New(clock);
        player.Write(new float[100]);
        Assert.Equal(TimeSpan.Zero, clock.Now);
        Assert.Equal(TimeSpan.FromMilliseconds(100), player.Latency);
        player.Write(new float[5000]);
        // All but the last buffer has sounded; waits are a quarter of a buffer.
        Assert.InRange(clock.Now.TotalMilliseconds, 5000, 5030);
        player.Drain();
        Assert.InRange(clock.Now.TotalMilliseconds, 5100, 5130);
        Assert.Equal((0L, 0), (player.Underruns, player.BufferedSamples));
        Assert.Equal(5100, player.Written);
    }

    [Fact]
    public void Sound_shorter_than_the_buffer_is_played_to_its_end()
    {
        var clock = new ManualClock();
        using NullPlayer player = New(clock);
        player.Write(new float[37]);
        player.Drain();
        Assert.InRange(clock.Now.TotalMilliseconds, 37, 40);
        Assert.Equal(0, player.Underruns);
    }

    [Fact]
    public void A_producer_slower_than_real_time_is_counted_and_nothing_hangs()
    {
        var clock = new ManualClock();
        using NullPlayer player = New(clock);
        for (int i = 0; i < 10; i++)
        {
            player.Write(new float[100]);
            clock.Pass(TimeSpan.FromMilliseconds(150));
        }
        // Each but the first found the buffer empty.
        Assert.Equal(9, player.Underruns);
        player.Drain();
        Assert.Equal(9, player.Underruns);
    }

    [Fact]
    public void The_end_of_one_sound_and_the_pause_to_the_next_are_no_underrun()
    {
        var clock = new ManualClock();
        using NullPlayer player = New(clock);
        for (int i = 0; i < 3; i++)
        {
            player.Write(new float[250]);
            player.Drain();
            clock.Pass(TimeSpan.FromSeconds(1));
        }
        Assert.Equal(0, player.Underruns);
    }

    [Fact]
    public void A_stop_silences_at_once_and_releases_the_writer()
    {
        var clock = new ManualClock(frozen: true);
        using NullPlayer player = New(clock);
        using var cancel = new CancellationTokenSource();
        var writer = new Thread(() =>
        {
            try
            {
                player.Write(new float[1000], cancel.Token);
            }
            catch (OperationCanceledException)
            {
                // What interrupts cancels and stops.
            }
        });
        writer.Start();
        clock.Waited.Wait();
        Assert.Equal(100, player.BufferedSamples);
        cancel.Cancel();
        player.Stop();
        Assert.Equal(0, player.BufferedSamples);
        writer.Join();
        Assert.Equal(0, player.BufferedSamples);
        player.Write(new float[10]);
        Assert.Equal(10, player.BufferedSamples);
    }
}
