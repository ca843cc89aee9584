using FlowVocoder.AudioIO.Players;

namespace FlowVocoder.Tests.AudioIO.Players;

public class CallbackPlayerTests
{
    private const int Rate = 8000;

    [Theory]
    [InlineData(0), InlineData(1), InlineData(799), InlineData(800), InlineData(20_000)]
    public void All_that_was_written_is_heard_once_and_in_order_and_nothing_between(int length)
    {
        var clock = new SteppingClock();
        using var player = new Device(paused: true, clock);
        // Whoever waits looks at the clock first: then the device takes its next block, on the same thread.
        clock.Step = player.Step;
        float[] samples = Noise.Of(length, 1);
        player.Write(samples);
        player.Drain();
        Assert.Equal(samples, player.Sound());
        Assert.Equal((0L, 0, length == 0 ? 0 : 1), (player.Underruns, player.BufferedSamples, player.Starts));
        // The device held the tail for its latency after the last sample, not much longer, and has been stopped.
        if (length > 0) Assert.InRange(player.SilenceAtEnd, Device.LatencySamples, Device.LatencySamples + 2 * Device.BlockSamples);
        Assert.False(player.Running);
    }

    [Fact]
    public void A_block_that_the_device_is_taking_after_an_underrun_is_heard_before_it_is_stopped()
    {
        var clock = new SteppingClock();
        using var player = new Device(paused: true, clock);
        player.Write(Noise.Of(800, 1));
        // All of it, then an underrun, with more silence than the device holds.
        player.Take(new float[2000]);
        Assert.Equal(1, player.Underruns);
        player.Write(Noise.Of(800, 2));
        // Between taking the samples and giving them to the device, an impatient end must wait: what the clock throws says that it does.
        int waits = 0;
        player.SamplesTaken = () =>
        {
            clock.Step = () => throw new TimeoutException();
            Assert.Throws<TimeoutException>(() => player.Drain());
            (clock.Step, waits) = (null, waits + 1);
        };
        player.Take(new float[1000]);
        Assert.Equal((1, true), (waits, player.Running));
    }

    [Fact]
    public void Sound_after_a_drain_and_after_a_pause_is_no_underrun()
    {
        using var player = new Device();
        float[] first = Noise.Of(1000, 1), second = Noise.Of(300, 2);
        player.Write(first);
        player.Drain();
        player.Write(second);
        player.Drain();
        Assert.Equal(first.Concat(second), player.Sound());
        Assert.Equal((0L, 2), (player.Underruns, player.Starts));
    }

    [Fact]
    public void A_writer_that_is_too_slow_is_counted_and_loses_nothing()
    {
        using var player = new Device();
        float[] samples = Noise.Of(2400, 3);
        for (int part = 0; part < 3; part++)
        {
            player.Write(samples.AsSpan(part * 800, 800));
            player.RunDry();
        }
        player.Drain();
        Assert.Equal(3, player.Underruns);
        Assert.Equal(samples, player.Sound());
    }

    [Fact]
    public void A_stop_silences_at_once_and_releases_the_writer()
    {
        using var player = new Device(paused: true);
        var writer = new Thread(() => player.Write(new float[100_000]));
        writer.Start();
        while (player.BufferedSamples < 800) Thread.Yield();
        player.Stop();
        writer.Join();
        Assert.Equal(0, player.BufferedSamples);
        Assert.False(player.Running);
    }

    [Fact]
    public void A_device_that_fails_is_told()
    {
        using var player = new Device(paused: true);
        player.Write(new float[800]);
        player.Break("unplugged");
        Refusal.Expect(() => player.Write(new float[1]), "cannot play on device any more: unplugged");
        Refusal.Expect(() => player.Drain(), "cannot play on device any more: unplugged");
    }

    [Fact]
    public void A_device_that_asks_for_nothing_is_given_up_and_a_wait_can_be_cancelled()
    {
        var clock = new FastClock();
        using var player = new Device(paused: true, clock);
        using var cancel = new CancellationTokenSource();
        cancel.Cancel();
        player.Write(new float[800]);
        Assert.ThrowsAny<OperationCanceledException>(() => player.Write(new float[1], cancel.Token));
        clock.RunsFast = true;
        Refusal.Expect(() => player.Write(new float[1]), "the device took no samples for 5 s");
    }

    // Asks for 64 samples at a time from a thread of its own: no sooner than they are there, unless the end or an underrun is wanted.
    private sealed class Device(bool paused = false, TimeProvider? clock = null) : CallbackPlayer("device", Rate, TimeSpan.FromMilliseconds(100), clock)
    {
        public const int LatencySamples = 160, BlockSamples = 64;

        private readonly List<float> _heard = [];
        private Thread? _thread;
        private volatile bool _running;
        private volatile int _wanted;

        public int Starts { get; private set; }

        public bool Running => _running;

        public int SilenceAtEnd => _heard.Count - _heard.FindLastIndex(v => v != 0) - 1;

        protected override TimeSpan DeviceLatency => TimeSpan.FromSeconds((double)LatencySamples / Rate);

        // Silence before, between and after; no sample of the noise is 0.
        public float[] Sound() => [.. _heard.Where(v => v != 0)];

        public void Break(string how) => Fail(new InvalidOperationException(how));

        /// <summary>Takes one block, where the device runs.</summary>
        public void Step()
        {
            var block = new float[BlockSamples];
            if (!_running) return;
            Fill(block);
            _heard.AddRange(block);
        }

        /// <summary>What the device does from a thread of its own: takes so many samples.</summary>
        public void Take(float[] block) => Fill(block);

        /// <summary>Plays on although nothing is there.</summary>
        public void RunDry()
        {
            _wanted = 20;
            while (_wanted > 0) Thread.Yield();
        }

        protected override void StartDevice()
        {
            Starts++;
            _running = true;
            if (paused) return;
            _thread = new Thread(Run);
            _thread.Start();
        }

        protected override void StopDevice()
        {
            _running = false;
            _thread?.Join();
        }

        protected override void Dispose(bool disposing) => StopDevice();

        private void Run()
        {
            var block = new float[BlockSamples];
            while (_running)
            {
                bool ready = BufferedSamples - LatencySamples >= block.Length;
                if (!ready && !IsDraining && _wanted == 0)
                {
                    Thread.Yield();
                    continue;
                }
                Fill(block);
                _heard.AddRange(block);
                if (_wanted > 0) _wanted--;
            }
        }
    }

    private sealed class SteppingClock : TimeProvider
    {
        public Action? Step { get; set; }

        public override long GetTimestamp()
        {
            Step?.Invoke();
            return 0;
        }
    }

    private sealed class FastClock : TimeProvider
    {
        private long _now;

        public bool RunsFast { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => RunsFast ? ++_now : _now;
    }
}
