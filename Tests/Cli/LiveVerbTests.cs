using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using FlowVocoder.AudioIO;
using FlowVocoder.Features;
using FlowVocoder.Models;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.AudioIO.Players;
using FlowVocoder.Voices;

namespace FlowVocoder.Tests.Cli;

public sealed class LiveVerbTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private string[] Live(params string[] more) => ["live", "--input", fixture.Wav, "--voice", fixture.Voice, .. more];

    private string Voice(TempFolder folder, string name, MelRecipe recipe)
    {
        VoiceFile file = VoiceFile.Of(new CompactVocoder(CliFixture.TinyConfig, recipe, seed: 11), "other", "CC0 test", "made by a test", 1,
            new Dictionary<string, string>());
        AtomicFile.Write(folder[name], stream => file.Write(stream));
        return folder[name];
    }

    [Fact]
    public void The_sound_is_bit_for_bit_what_mel_and_synth_make_of_the_recording()
    {
        using var folder = new TempFolder();
        CliFixture.Run("synth", fixture.Npy, folder["offline.wav"], "--voice", fixture.Voice, "--match", "0").Succeeds();
        new Piped().Run(Live("--player", "wav:" + folder["live.wav"])).Succeeds();
        Assert.Equal(File.ReadAllBytes(folder["offline.wav"]), File.ReadAllBytes(folder["live.wav"]));
    }

    [Fact]
    public void The_delay_is_measured_and_told()
    {
        CliResult result = new Piped().Run(Live("--player", "null", "--buffer", "80")).Succeeds();
        Match told = Regex.Match(result.Output, @"live: 0\.50 s, from input to ear (\d+) ms \(\d+ to \d+\), of which up to 52 ms are windows and look-ahead; underruns 0, overruns 0, skipped 0 ms\n$");
        Assert.True(told.Success, result.Output);
        // On this clock computing takes no time.
        Assert.InRange(int.Parse(told.Groups[1].Value, CultureInfo.InvariantCulture), 52 + 80 - 15, 52 + 80 + 15);
    }

    [Fact]
    public void A_number_that_is_typed_changes_the_voice()
    {
        using var folder = new TempFolder();
        string other = Voice(folder, "other.safetensors", fixture.Model.Recipe);
        using var chosen = new ManualResetEventSlim();
        // The third line is asked for when the second has been dealt with: then the sound begins.
        var typed = new WatchedStream(new ForwardOnlyStream(new MemoryStream(Encoding.UTF8.GetBytes("nobody\n2\n")), 7), read =>
        {
            if (read == 2) chosen.Set();
        });
        CliResult result = new Piped { Input = typed, Clock = new WaitingClock(chosen) }.Run(Live("--voice", other, "--player", "wav:" + folder["a.wav"]));
        Assert.Equal(0, result.Code);
        Assert.Contains("voices 1 tiny, 2 other", result.Output, StringComparison.Ordinal);
        Assert.Contains("live: other speaks from 0.00 s on", result.Output, StringComparison.Ordinal);
        Assert.Contains("found no voice 'nobody'", result.Error, StringComparison.Ordinal);
        CliFixture.Run("synth", fixture.Npy, folder["other.wav"], "--voice", other, "--match", "0").Succeeds();
        float[] expected = AudioFile.Read(folder["other.wav"]).Channels[0], actual = AudioFile.Read(folder["a.wav"]).Channels[0];
        Assert.Equal(expected.Length, actual.Length);
        Assert.Equal(expected[256..], actual[256..]);
    }

    [Fact]
    public void It_ends_after_the_time_that_was_asked_for()
    {
        using var folder = new TempFolder();
        new Piped().Run(Live("--seconds", "0.2", "--player", "wav:" + folder["a.wav"])).Succeeds();
        Assert.InRange(AudioFile.Read(folder["a.wav"]).Length / 22050.0, 0.19, 0.23);
    }

    [Fact]
    public void Ctrl_C_keeps_what_was_recorded_until_then()
    {
        using var folder = new TempFolder();
        using var cancel = new CancellationTokenSource();
        var clock = new CancellingClock(cancel, TimeSpan.FromSeconds(0.3));
        CliResult result = new Piped { Clock = clock, Cancellation = cancel.Token }.Run(Live("--player", "wav:" + folder["a.wav"]));
        Assert.Equal(130, result.Code);
        Assert.Equal("vocoder: interrupted\n", result.Error);
        Assert.Contains("from input to ear", result.Output, StringComparison.Ordinal);
        Assert.InRange(AudioFile.Read(folder["a.wav"]).Length / 22050.0, 0.15, 0.3);
    }

    [Fact]
    public void A_voice_for_other_mels_is_refused()
    {
        using var folder = new TempFolder();
        string other = Voice(folder, "other.safetensors", fixture.Model.Recipe with { MaxFrequency = 7600 });
        new Piped().Run(Live("--voice", other, "--player", "null")).Fails(1, other, "cannot take over from 'tiny'", "highest frequency 7600 Hz");
    }

    [Theory]
    [InlineData("--seconds 0", "--seconds is 0"), InlineData("--player wav:IN", "is also the input")]
    public void Wrong_usage_is_told(string options, string expected) =>
        new Piped().Run(Live([.. options.Split(' ').Select(o => o.Replace("IN", fixture.Wav, StringComparison.Ordinal))])).Fails(2, expected);

    [Fact]
    public void A_microphone_that_is_not_there_is_told() =>
        new Piped().Run("live", "--input", "no-such-device", "--voice", fixture.Voice, "--player", "null").Fails(1,
            NativeLibrary.TryLoad("libasound.so.2", out _) ? "cannot record from 'no-such-device'" : "ALSA");

    [Theory]
    [InlineData("spech.wav", "the file does not exist"), InlineData("no/speech", "its folder does not exist"),
        InlineData("Spech.FLAC", "the file does not exist")]
    public void A_recording_that_is_not_there_is_told(string input, string expected) =>
        new Piped().Run("live", "--input", input, "--voice", fixture.Voice, "--player", "null").Fails(1, $"cannot read '{input}': {expected}");

    [Theory]
    [InlineData(true), InlineData(false)]
    public void A_program_in_the_background_does_not_read_what_is_typed(bool inBackground)
    {
        using var read = new ManualResetEventSlim();
        var typed = new WatchedStream(Stream.Null, _ => read.Set());
        var pipes = new Piped
        {
            Input = typed, TypedInput = true, InBackground = inBackground, Clock = inBackground ? new ManualClock() : new WaitingClock(read),
        };
        pipes.Run(Live("--player", "null")).Succeeds();
        Assert.Equal(!inBackground, read.IsSet);
    }

    private sealed class WaitingClock(ManualResetEventSlim until) : ManualClock
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            until.Wait();
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }

    private sealed class CancellingClock(CancellationTokenSource cancel, TimeSpan at) : ManualClock
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (Now >= at) cancel.Cancel();
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
