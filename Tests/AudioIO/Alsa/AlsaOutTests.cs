using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Alsa;
using FlowVocoder.Tests.AudioIO.Players;

namespace FlowVocoder.Tests.AudioIO.Alsa;

/// <summary>What the player makes of a device that does all that devices do.</summary>
public class AlsaOutTests
{
    private readonly ManualClock _clock = new();

    private AlsaOut New(FakePcm pcm, int rate = 22050) => new(rate, new AlsaOptions { Device = "fake" }, pcm, _clock);

    [Theory]
    [InlineData(0), InlineData(1), InlineData(99), InlineData(100), InlineData(399), InlineData(400), InlineData(5017)]
    public void The_tail_is_never_cut_and_silence_fills_the_last_period(int length)
    {
        var pcm = new FakePcm(FakePcm.Small);
        using AlsaOut player = New(pcm);
        float[] samples = Noise.Of(length, 1);
        player.Write(samples);
        player.Drain();
        int periods = (length + 99) / 100;
        Assert.Equal(100 * periods, pcm.Heard.Count);
        Assert.Equal(Noise.In16Bits(samples), pcm.Heard[..length]);
        Assert.All(pcm.Heard[length..], s => Assert.Equal(0, s));
        Assert.Equal((0L, 0), (player.Underruns, player.BufferedSamples));
        // What was too short to begin by itself was begun.
        Assert.Equal(length == 0 ? 0 : 1, pcm.Starts);
    }

    [Fact]
    public void It_can_be_written_to_again_after_a_drain()
    {
        var pcm = new FakePcm(FakePcm.Small);
        using AlsaOut player = New(pcm);
        float[] first = Noise.Of(150, 1), second = Noise.Of(250, 2);
        foreach (float[] part in (float[][])[first, second])
        {
            player.Write(part);
            player.Drain();
        }
        Assert.Equal(Noise.In16Bits(first), pcm.Heard[..150]);
        Assert.Equal(Noise.In16Bits(second), pcm.Heard[200..450]);
    }

    [Fact]
    public void Devices_of_another_rate_and_with_more_channels_get_resampled_sound_on_all_of_them()
    {
        var pcm = new FakePcm(new PcmFormat(Rate: 48000, Channels: 2, Period: 480, Buffer: 1920));
        using AlsaOut player = New(pcm);
        float[] samples = Noise.Of(3000, 3);
        for (int start = 0; start < 3000; start += 250) player.Write(samples.AsSpan(start, 250));
        player.Drain();
        short[] expected = Noise.In16Bits(Resampler.Resample(samples, 22050, 48000));
        Assert.Equal(expected, Enumerable.Range(0, expected.Length).Select(i => pcm.Heard[2 * i]));
        Assert.Equal(expected, Enumerable.Range(0, expected.Length).Select(i => pcm.Heard[2 * i + 1]));
    }

    // 1, 50 and 64 samples are in the filter as a whole until the end.
    [Theory]
    [InlineData(0), InlineData(1), InlineData(50), InlineData(64), InlineData(65), InlineData(399), InlineData(5017)]
    public void The_tail_is_never_cut_on_a_device_of_another_rate(int length)
    {
        var pcm = new FakePcm(new PcmFormat(Rate: 48000, Channels: 2, Period: 480, Buffer: 1920));
        using AlsaOut player = New(pcm);
        float[] samples = Noise.Of(length, 1);
        player.Write(samples);
        player.Drain();
        short[] expected = length == 0 ? [] : Noise.In16Bits(Resampler.Resample(samples, 22050, 48000));
        short[] left = [.. pcm.Heard.Where((_, i) => i % 2 == 0)], right = [.. pcm.Heard.Where((_, i) => i % 2 == 1)];
        Assert.Equal(left, right);
        Assert.Equal((expected.Length + 479) / 480 * 480, left.Length);
        Assert.Equal(expected, left[..expected.Length]);
        Assert.All(left[expected.Length..], s => Assert.Equal(0, s));
        Assert.Equal((0L, 0, length == 0 ? 0 : 1), (player.Underruns, player.BufferedSamples, pcm.Starts));
    }

    [Theory]
    [InlineData(true), InlineData(false)]
    public void What_the_filter_held_is_not_carried_over_a_drain_or_a_stop(bool drained)
    {
        var pcm = new FakePcm(new PcmFormat(Rate: 48000, Channels: 1, Period: 480, Buffer: 1920));
        using AlsaOut player = New(pcm);
        float[] next = Noise.Of(700, 2);
        player.Write(Noise.Of(500, 1));
        if (drained) player.Drain();
        else player.Stop();
        Assert.Equal(0, player.BufferedSamples);
        int before = pcm.Heard.Count;
        player.Write(next);
        player.Drain();
        short[] expected = Noise.In16Bits(Resampler.Resample(next, 22050, 48000));
        Assert.Equal(expected, pcm.Heard[before..(before + expected.Length)]);
    }

    [Fact]
    public void What_the_filter_holds_counts_as_buffered_until_a_stop()
    {
        var pcm = new FakePcm(new PcmFormat(Rate: 48000, Channels: 1, Period: 480, Buffer: 1920)) { FramesPerWait = 0 };
        using AlsaOut player = New(pcm);
        Assert.Equal(0, player.BufferedSamples);
        player.Write(new float[50]);
        Assert.Equal(50, player.BufferedSamples);
        player.Stop();
        Assert.Equal(0, player.BufferedSamples);
        player.Drain();
        Assert.Empty(pcm.Heard);
    }

    [Fact]
    public void Underruns_are_counted_and_no_sample_is_lost()
    {
        var pcm = new FakePcm(FakePcm.Small);
        using AlsaOut player = New(pcm);
        float[] samples = Noise.Of(600, 4);
        player.Write(samples.AsSpan(0, 200));
        pcm.Fail(AlsaError.BrokenPipe);
        player.Write(samples.AsSpan(200, 200));
        pcm.Fail(AlsaError.Again, AlsaError.Interrupted, AlsaError.BrokenPipe);
        player.Write(samples.AsSpan(400, 200));
        player.Drain();
        Assert.Equal(2, player.Underruns);
        Assert.Equal(Noise.In16Bits(samples), pcm.Heard[..600]);
    }

    [Fact]
    public void A_suspended_device_is_woken()
    {
        var pcm = new FakePcm(FakePcm.Small);
        using AlsaOut player = New(pcm);
        // Asleep; still waking up; then awake but not where it was.
        pcm.Fail(AlsaError.Suspended, AlsaError.Again, AlsaError.Suspended, -38);
        player.Write(new float[100]);
        Assert.Equal((2, 1, 0L), (pcm.Resumes, pcm.Prepares, player.Underruns));
    }

    [Fact]
    public void A_suspended_device_that_goes_on_where_it_was_is_left_alone()
    {
        var pcm = new FakePcm(FakePcm.Small);
        using AlsaOut player = New(pcm);
        pcm.Fail(AlsaError.Suspended, 0);
        player.Write(new float[100]);
        Assert.Equal((1, 0), (pcm.Resumes, pcm.Prepares));
    }

    [Fact]
    public void A_device_that_never_took_a_sample_is_not_called_gone()
    {
        var pcm = new FakePcm(FakePcm.Small);
        using AlsaOut player = New(pcm);
        pcm.Fail(AlsaError.InputOutput);
        VocoderException e = Refusal.Expect(() => player.Write(new float[100]), "cannot play on 'fake': the device takes no samples: ALSA error 5");
        Assert.DoesNotContain("gone", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_device_that_hangs_inside_a_call_is_told_with_the_time_that_it_took()
    {
        var pcm = new FakePcm(FakePcm.Small) { FramesPerWait = 0, OnWait = () => _clock.Pass(TimeSpan.FromSeconds(40)) };
        using AlsaOut player = New(pcm);
        Refusal.Expect(() => player.Write(new float[1000]), "the device took no samples for 40 s");
    }

    [Theory]
    [InlineData(AlsaError.NoDevice, "gone (unplugged"), InlineData(AlsaError.BadState, "gone (unplugged"), InlineData(AlsaError.InputOutput, "gone (unplugged"),
        InlineData(-14, "ALSA error 14")]
    public void A_device_that_is_unplugged_is_told_in_one_line(int error, string expected)
    {
        var pcm = new FakePcm(FakePcm.Small);
        using AlsaOut player = New(pcm);
        player.Write(new float[100]);
        pcm.Fail(error);
        Refusal.Expect(() => player.Write(new float[100]), "cannot play on 'fake' any more", expected);
        pcm.Fail(error);
        Refusal.Expect(() => player.Drain(), "cannot play on 'fake' any more", expected);
    }

    [Fact]
    public void A_device_that_takes_nothing_is_given_up()
    {
        var pcm = new FakePcm(FakePcm.Small) { FramesPerWait = 0, OnWait = () => _clock.Pass(TimeSpan.FromSeconds(1)) };
        using AlsaOut player = New(pcm);
        Refusal.Expect(() => player.Write(new float[1000]), "the device took no samples for 5 s");
    }

    [Fact]
    public void A_stop_discards_what_is_queued_and_releases_the_writer()
    {
        var pcm = new FakePcm(FakePcm.Small) { FramesPerWait = 0 };
        using AlsaOut player = New(pcm);
        int waits = 0;
        pcm.OnWait = () =>
        {
            if (++waits == 3) player.Stop();
        };
        player.Write(new float[700]);
        Assert.Equal(0, player.BufferedSamples);
        Assert.Equal(3, waits);
        pcm.FramesPerWait = 100;
        float[] next = Noise.Of(100, 5);
        player.Write(next);
        player.Drain();
        Assert.Equal(Noise.In16Bits(next), pcm.Heard);
    }

    [Fact]
    public void A_device_that_hangs_is_closed_without_waiting_for_it()
    {
        using var told = new ManualResetEventSlim();
        var pcm = new FakePcm(FakePcm.Small) { FramesPerWait = 0, OnWait = () => _clock.Pass(TimeSpan.FromSeconds(1)), OnDispose = () => told.Wait() };
        using (AlsaOut player = New(pcm)) Refusal.Expect(() => player.Write(new float[1000]), "the device took no samples");
        Assert.False(pcm.Disposed);
        told.Set();
        SpinWait.SpinUntil(() => pcm.Disposed);
    }

    [Fact]
    public void A_write_that_waits_can_be_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var pcm = new FakePcm(FakePcm.Small) { FramesPerWait = 0, OnWait = cancel.Cancel };
        using AlsaOut player = New(pcm);
        Assert.ThrowsAny<OperationCanceledException>(() => player.Write(new float[1000], cancel.Token));
    }

    [Fact]
    public void The_buffered_samples_are_those_of_the_device_in_the_rate_of_the_speech()
    {
        var pcm = new FakePcm(new PcmFormat(Rate: 44100, Channels: 1, Period: 100, Buffer: 4000)) { FramesPerWait = 0 };
        using AlsaOut player = New(pcm);
        player.Write(new float[1000]);
        // What the device holds and what the filter still waits for are all that was written.
        Assert.InRange(player.BufferedSamples, 999, 1000);
        Assert.Equal(player.BufferedSamples / 22050.0, player.Latency.TotalSeconds, 1e-6);
    }
}
