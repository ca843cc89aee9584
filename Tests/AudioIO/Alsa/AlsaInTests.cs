using FlowVocoder.AudioIO.Alsa;
using FlowVocoder.Tests.AudioIO.Players;

namespace FlowVocoder.Tests.AudioIO.Alsa;

public class AlsaInTests
{
    private readonly ManualClock _clock = new();

    private AlsaIn New(FakePcm pcm) => new(new AlsaOptions { Device = "fake" }, pcm, _clock);

    private static float[] ReadAll(AlsaIn recorder, int count)
    {
        var samples = new List<float>();
        var block = new float[77];
        while (samples.Count < count) samples.AddRange(block[..recorder.Read(block, TestContext.Current.CancellationToken)]);
        return [.. samples];
    }

    [Theory]
    [InlineData(1), InlineData(2)]
    public void Every_sample_arrives_once_and_channels_are_mixed(int channels)
    {
        var pcm = new FakePcm(FakePcm.Small with { Channels = channels });
        short[] samples = Noise.In16Bits(Noise.Of(10_000 * channels, 1));
        foreach (short sample in samples) pcm.Microphone.Enqueue(sample);
        using AlsaIn recorder = New(pcm);
        float[] read = ReadAll(recorder, 10_000);
        for (int t = 0; t < 10_000; t++)
            Assert.Equal(Enumerable.Range(0, channels).Sum(c => samples[t * channels + c]) / (32768f * channels), read[t]);
        Assert.Equal(0, recorder.Overruns);
        Assert.True(recorder.Captured >= 10_000);
    }

    [Fact]
    public void What_was_lost_in_the_device_or_read_too_late_is_counted()
    {
        var pcm = new FakePcm(FakePcm.Small);
        pcm.Fail(AlsaError.BrokenPipe);
        using var idle = new ManualResetEventSlim();
        // More than the second that is kept, and nobody reads until the device has nothing left.
        for (int i = 0; i < 50_000; i++) pcm.Microphone.Enqueue(1);
        pcm.OnWait = () =>
        {
            if (pcm.Microphone.Count == 0) idle.Set();
        };
        using AlsaIn recorder = New(pcm);
        idle.Wait(TestContext.Current.CancellationToken);
        Assert.InRange(recorder.Overruns, 2, 1000);
        Assert.Equal(32768, ReadAll(recorder, 32768).Length);
    }

    [Fact]
    public void A_device_that_is_unplugged_is_told_after_what_came_before()
    {
        var pcm = new FakePcm(FakePcm.Small);
        for (int i = 0; i < 250; i++) pcm.Microphone.Enqueue(5);
        pcm.OnWait = () => pcm.Fail(AlsaError.NoDevice);
        using AlsaIn recorder = New(pcm);
        Assert.Equal(250, ReadAll(recorder, 250).Length);
        Refusal.Expect(() => recorder.Read(new float[10]), "cannot record from 'fake' any more", "gone (unplugged");
    }

    [Fact]
    public void A_device_that_gives_nothing_is_given_up()
    {
        var pcm = new FakePcm(FakePcm.Small) { OnWait = () => _clock.Pass(TimeSpan.FromSeconds(1)) };
        using AlsaIn recorder = New(pcm);
        Refusal.Expect(() => recorder.Read(new float[10]), "the device gave no samples for 5 s");
    }

    [Fact]
    public void A_device_that_hangs_is_closed_without_waiting_for_it()
    {
        using var told = new ManualResetEventSlim();
        var pcm = new FakePcm(FakePcm.Small) { FramesPerWait = 0, OnWait = () => _clock.Pass(TimeSpan.FromSeconds(1)), OnDispose = () => told.Wait() };
        using (AlsaIn recorder = New(pcm)) Refusal.Expect(() => recorder.Read(new float[10]), "the device gave no samples");
        Assert.False(pcm.Disposed);
        told.Set();
        SpinWait.SpinUntil(() => pcm.Disposed);
    }

    [Fact]
    public void A_read_that_waits_can_be_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var pcm = new FakePcm(FakePcm.Small) { OnWait = cancel.Cancel };
        using AlsaIn recorder = New(pcm);
        Assert.ThrowsAny<OperationCanceledException>(() => recorder.Read(new float[10], cancel.Token));
    }

    [Fact]
    public void A_suspended_device_that_goes_on_where_it_was_is_left_alone()
    {
        var pcm = new FakePcm(FakePcm.Small);
        for (int i = 0; i < 100; i++) pcm.Microphone.Enqueue(5);
        pcm.Fail(AlsaError.Suspended, 0);
        using AlsaIn recorder = New(pcm);
        Assert.Equal(100, ReadAll(recorder, 100).Length);
        Assert.Equal((1, 0), (pcm.Resumes, pcm.Prepares));
    }

    [Fact]
    public void What_waits_in_the_device_has_sounded_too()
    {
        var pcm = new FakePcm(FakePcm.Small);
        using ManualResetEventSlim idle = new(), go = new();
        for (int i = 0; i < 100; i++) pcm.Microphone.Enqueue(5);
        pcm.OnWait = () =>
        {
            idle.Set();
            go.Wait(TestContext.Current.CancellationToken);
        };
        using AlsaIn recorder = New(pcm);
        idle.Wait(TestContext.Current.CancellationToken);
        Assert.Equal(100, recorder.Captured);
        for (int i = 0; i < 37; i++) pcm.Microphone.Enqueue(5);
        Assert.Equal((137L, 100), (recorder.Captured, recorder.Waiting));
        go.Set();
    }

    [Fact]
    public void A_device_that_never_gave_a_sample_is_not_called_gone()
    {
        var pcm = new FakePcm(FakePcm.Small);
        pcm.Fail(AlsaError.InputOutput);
        using AlsaIn recorder = New(pcm);
        VocoderException e = Refusal.Expect(() => recorder.Read(new float[10]), "cannot record from 'fake': the device gives no samples: ALSA error 5");
        Assert.DoesNotContain("gone", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true), InlineData(false)]
    public async Task A_read_during_or_after_the_end_is_told(bool during)
    {
        var pcm = new FakePcm(FakePcm.Small);
        using var reading = new ManualResetEventSlim();
        AlsaIn recorder = New(pcm);
        if (!during) recorder.Dispose();
        Task read = Task.Run(() =>
        {
            reading.Set();
            Refusal.Expect(() => recorder.Read(new float[10]), "cannot record from 'fake' any more: the recorder is closed");
        }, TestContext.Current.CancellationToken);
        reading.Wait(TestContext.Current.CancellationToken);
        recorder.Dispose();
        // Only there so that a read that hangs fails the test.
        await read.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
    }

    [Fact]
    public void The_device_is_let_go()
    {
        var pcm = new FakePcm(FakePcm.Small);
        New(pcm).Dispose();
        Assert.True(pcm.Disposed);
    }
}
