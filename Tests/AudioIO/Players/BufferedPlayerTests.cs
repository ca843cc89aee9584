using FlowVocoder.AudioIO.Players;
using NAudio.Wave;

namespace FlowVocoder.Tests.AudioIO.Players;

public class BufferedPlayerTests
{
    private const int Rate = 8000;

    [Fact]
    public void What_is_written_is_heard_to_its_end_and_again_after_a_drain()
    {
        var driver = new OddDriver();
        using var player = new BufferedPlayer(driver, Rate, TimeSpan.FromMilliseconds(50));
        float[] first = Noise.Of(3000, 1), second = Noise.Of(11, 2);
        foreach (float[] part in (float[][])[first, second])
        {
            player.Write(part);
            player.Drain();
            Assert.Equal(PlaybackState.Stopped, driver.PlaybackState);
        }
        Assert.Equal([.. first, .. second], driver.Heard.Where(v => v != 0));
    }

    [Fact]
    public void A_driver_that_fails_is_told()
    {
        var driver = new OddDriver { Failure = new InvalidOperationException("the device\nwas taken away") };
        using var player = new BufferedPlayer(driver, Rate, TimeSpan.FromMilliseconds(50), "'Speakers'");
        Refusal.Expect(() => player.Write(new float[Rate]), "cannot play on 'Speakers' any more: the device was taken away");
    }

    [Fact]
    public void One_that_takes_no_such_sound_is_told_and_let_go()
    {
        var driver = new Choosy();
        Refusal.Expect(() => _ = new BufferedPlayer(driver, Rate, name: "'Speakers'"), "cannot play on 'Speakers': 44100 Hz only");
        Assert.True(driver.Disposed);
    }

    private sealed class Choosy : IWavePlayer
    {
        public event EventHandler<StoppedEventArgs> PlaybackStopped
        {
            add { }
            remove { }
        }

        public bool Disposed { get; private set; }

        public float Volume { get; set; }

        public PlaybackState PlaybackState => PlaybackState.Stopped;

        public WaveFormat OutputWaveFormat => new(44100, 1);

        public void Init(IWaveProvider waveProvider) => throw new ArgumentException("44100 Hz only");

        public void Play() => throw new NotSupportedException();

        public void Pause() => throw new NotSupportedException();

        public void Stop() => throw new NotSupportedException();

        public void Dispose() => Disposed = true;
    }
}
