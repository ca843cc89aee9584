using System.Runtime.InteropServices;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Alsa;
using FlowVocoder.AudioIO.Devices;
using FlowVocoder.AudioIO.Players;
using FlowVocoder.AudioIO.Streams;
using FlowVocoder.Compute;
using FlowVocoder.Models;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO.Alsa;
using FlowVocoder.Tests.Models;
using NAudio.Wave;
using NAudio.Wave.SampleProviders;

namespace FlowVocoder.Tests.AudioIO.Players;

/// <summary>One chain that a user of NAudio knows: voice → volume → meter → mixer → player, through every player there is.</summary>
public class ChainTests
{
    private const int Frames = 40;
    private static readonly CompactVocoder s_model = CompactModels.Create(CompactModels.Small);
    private static readonly float[] s_mel = [.. Noise.Of(s_model.Recipe.Bands * Frames, 1).Select(v => v - 5)];
    private static readonly float[] s_offline = Synthesizer.Synthesize(s_model, s_mel, new SynthesisOptions { Match = 0 }, new Parallelism(1));

    // Within full scale, so that no limiter has to touch it.
    private static readonly float s_volume = 0.5f / s_offline.Max(Math.Abs);
    private static readonly float[] s_expected = [.. s_offline.Select(v => v * s_volume)];

    private static int Rate => s_model.Recipe.SampleRate;

    private static VocoderSampleProvider Voice(MelFrames? frames = null) =>
        new(frames ?? MelFrames.Of(new MelArray(s_mel, s_model.Recipe.Bands, Frames)),
            s_model.NewStream(new SynthesisOptions { Match = 0 }, new Parallelism(1)));

    private static IWaveProvider Chain(VocoderSampleProvider? voice = null, Action? metered = null)
    {
        var meter = new MeteringSampleProvider(new VolumeSampleProvider(voice ?? Voice()) { Volume = s_volume }, Rate / 100);
        meter.StreamVolume += (_, _) => metered?.Invoke();
        return new MixingSampleProvider([meter]).ToWaveProvider();
    }

    // As a program with a window would: it plays, and is told by the event.
    private static Exception? PlayAll(IWavePlayer player, IWaveProvider chain)
    {
        using var stopped = new ManualResetEventSlim();
        Exception? reason = null;
        player.PlaybackStopped += (_, e) =>
        {
            reason = e.Exception;
            stopped.Set();
        };
        Assert.Equal(PlaybackState.Stopped, player.PlaybackState);
        player.Init(chain);
        player.Play();
        stopped.Wait(TestContext.Current.CancellationToken);
        Assert.Equal(PlaybackState.Stopped, player.PlaybackState);
        return reason;
    }

    [Fact]
    public void A_sound_card_hears_all_of_it_to_the_last_sample()
    {
        var pcm = new FakePcm(FakePcm.Small);
        int metered = 0;
        using (var player = new AlsaOut(Rate, new AlsaOptions { Device = "fake" }, pcm, new ManualClock()))
        {
            Assert.Null(PlayAll(player, Chain(metered: () => metered++)));
            Assert.Equal((0L, 0L, s_expected.Length * 4L), (player.Underruns, player.Limited, player.GetPosition()));
        }
        Assert.Equal(Noise.In16Bits(s_expected), pcm.Heard[..s_expected.Length]);
        Assert.All(pcm.Heard[s_expected.Length..], s => Assert.Equal(0, s));
        Assert.Equal(s_expected.Length / (Rate / 100), metered);
    }

    [Fact]
    public void The_real_library_plays_it_into_its_file_device()
    {
        Assert.SkipUnless(NativeLibrary.TryLoad("libasound.so.2", out _), "ALSA's library libasound.so.2 is not installed");
        Assert.SkipWhen(SoundDevices.Problem("null") is { }, "ALSA has no configuration here");
        using var folder = new TempFolder();
        using (AudioPlayer player = SoundDevices.OpenPlayer(Rate, $"file:FILE={folder["played.raw"]},FORMAT=raw"))
            Assert.Null(PlayAll(player, Chain()));
        short[] played = MemoryMarshal.Cast<byte, short>(File.ReadAllBytes(folder["played.raw"])).ToArray();
        Assert.Equal(Noise.In16Bits(s_expected), played[..s_expected.Length]);
    }

    [Fact]
    public void A_file_and_a_pipe_get_all_of_it_and_the_null_player_takes_the_time()
    {
        using var folder = new TempFolder();
        using (var player = new WavPlayer(folder["a.wav"], Rate, WavFormat.Float32)) Assert.Null(PlayAll(player, Chain()));
        Assert.Equal(s_expected, AudioFile.Read(folder["a.wav"]).Channels[0]);

        var pipe = new MemoryStream();
        using (var player = new PcmPlayer(pipe, Rate)) Assert.Null(PlayAll(player, Chain()));
        Assert.Equal(Noise.In16Bits(s_expected), MemoryMarshal.Cast<byte, short>(pipe.ToArray()).ToArray());

        var clock = new ManualClock();
        using var nothing = new NullPlayer(Rate, clock: clock);
        Assert.Null(PlayAll(nothing, Chain()));
        Assert.InRange(clock.Now.TotalSeconds, (double)s_expected.Length / Rate, (double)s_expected.Length / Rate + 0.3);
    }

    [Fact]
    public void A_driver_that_asks_from_its_own_thread_for_odd_buffers_hears_it_once_and_in_order()
    {
        var driver = new OddDriver();
        using var player = new BufferedPlayer(driver, Rate, TimeSpan.FromMilliseconds(20));
        Assert.Null(PlayAll(player, Chain()));
        // Silence before and behind it, and where the driver was faster than the voice; no sample of the speech is 0.
        Assert.Equal(s_expected, driver.Heard.Where(v => v != 0));
        Assert.Equal(0, player.BufferedSamples);
    }

    [Fact]
    public void A_pause_loses_nothing_and_is_no_underrun()
    {
        var pcm = new FakePcm(FakePcm.Small);
        using var player = new AlsaOut(Rate, new AlsaOptions { Device = "fake" }, pcm, new ManualClock());
        using var paused = new ManualResetEventSlim();
        int metered = 0;
        IWaveProvider chain = Chain(metered: () =>
        {
            if (++metered != 7) return;
            player.Pause();
            Assert.Equal(PlaybackState.Paused, player.PlaybackState);
            paused.Set();
        });
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        var going = new Thread(() =>
        {
            paused.Wait(cancellation);
            player.Play();
        });
        going.Start();
        Assert.Null(PlayAll(player, chain));
        going.Join();
        short[] expected = Noise.In16Bits(s_expected);
        // The pause itself is silence up to a period of the device.
        Assert.Equal(expected.Where(s => s != 0), pcm.Heard.Where(s => s != 0));
        Assert.Equal(0, player.Underruns);
    }

    [Fact]
    public void A_stop_ends_it_and_it_can_be_played_on()
    {
        var pcm = new FakePcm(FakePcm.Small);
        using var player = new AlsaOut(Rate, new AlsaOptions { Device = "fake" }, pcm, new ManualClock());
        int metered = 0;
        IWaveProvider chain = Chain(metered: () =>
        {
            if (++metered == 10) player.Stop();
        });
        Assert.Null(PlayAll(player, chain));
        Assert.InRange(player.Written, 1, 10 * (Rate / 100) + Rate / 100);
        int before = pcm.Heard.Count(s => s != 0);
        Assert.Null(PlayAll(player, chain));
        Assert.InRange(pcm.Heard.Count(s => s != 0), before + 1, s_expected.Length - 1);
        short[] end = [.. Noise.In16Bits(s_expected)[^1000..].Where(s => s != 0)];
        Assert.Equal(end, pcm.Heard.Where(s => s != 0).TakeLast(end.Length));
    }

    [Fact]
    public void A_mistake_in_the_frames_is_told_after_what_came_before_and_leaves_no_file()
    {
        MelFrames Broken()
        {
            var bytes = new MemoryStream();
            foreach (float value in s_mel.AsSpan(0, 5 * s_model.Recipe.Bands)) bytes.Write(BitConverter.GetBytes(value));
            bytes.Write(new byte[7]);
            bytes.Position = 0;
            return MelFrames.Open(bytes, "the pipe", s_model.Recipe.Bands);
        }
        var pcm = new FakePcm(FakePcm.Small);
        using var card = new AlsaOut(Rate, new AlsaOptions { Device = "fake" }, pcm, new ManualClock());
        Exception? reason = PlayAll(card, Voice(Broken()).ToWaveProvider());
        Assert.Contains("the pipe ends in the middle of frame 5", Assert.IsType<VocoderException>(reason).Message, StringComparison.Ordinal);
        Assert.InRange(pcm.Heard.Count, 5 * s_model.Recipe.HopSize, 5 * s_model.Recipe.HopSize + 100);

        using var folder = new TempFolder();
        using (var file = new WavPlayer(folder["a.wav"], Rate)) Assert.IsType<VocoderException>(PlayAll(file, Voice(Broken()).ToWaveProvider()));
        Assert.Empty(folder.Entries());

        // A mixer takes a source that gives less for one that has ended.
        VocoderSampleProvider mixed = Voice(Broken());
        using var nothing = new NullPlayer(Rate, clock: new ManualClock());
        Assert.Null(PlayAll(nothing, Chain(mixed)));
        Assert.Equal(reason.Message, mixed.Mistake?.Message);
    }

    [Fact]
    public void A_device_that_is_unplugged_is_the_reason()
    {
        var pcm = new FakePcm(FakePcm.Small);
        using var player = new AlsaOut(Rate, new AlsaOptions { Device = "fake" }, pcm, new ManualClock());
        bool isGone = false;
        Exception? reason = PlayAll(player, Chain(metered: () =>
        {
            // While it plays.
            if (isGone || player.Written == 0) return;
            isGone = true;
            pcm.Fail(AlsaError.NoDevice);
        }));
        Assert.Contains("cannot play on 'fake' any more: the device is gone", Assert.IsType<VocoderException>(reason).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sources_that_do_not_fit_are_refused_and_none_is_asked_for()
    {
        using var player = new NullPlayer(Rate, clock: new ManualClock());
        Assert.Contains("Init", Assert.Throws<InvalidOperationException>(player.Play).Message, StringComparison.Ordinal);
        Refusal.Expect(() => player.Init(new SilenceProvider(WaveFormat.CreateIeeeFloatWaveFormat(44100, 1))), "44100 Hz and 1 channel", $"expected {Rate} Hz");
        Refusal.Expect(() => player.Init(new SilenceProvider(WaveFormat.CreateIeeeFloatWaveFormat(Rate, 2))), "2 channels", "1 channel");
    }
}
