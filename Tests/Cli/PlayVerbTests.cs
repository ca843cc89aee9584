using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.AudioIO.Players;

namespace FlowVocoder.Tests.Cli;

public sealed class PlayVerbTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private float[] Expected => Synthesizer.Synthesize(fixture.Model, fixture.Mel, new SynthesisOptions(), new Parallelism(1));

    private string[] Play(string input, params string[] more) => ["play", input, "--voice", fixture.Voice, .. more];

    [Fact]
    public void It_takes_the_time_of_the_speech_and_says_what_happened()
    {
        var pipes = new Piped();
        CliResult result = pipes.Run(Play(fixture.Npy, "--player", "null")).Succeeds();
        Assert.Matches(new Regex(@"speech\.npy': 0\.50 s of speech on nothing, first samples after \d+ ms, underruns 0\n$"), result.Output);
        Assert.InRange(pipes.Clock.Now.TotalSeconds, fixture.Frames * 256 / 22050.0, fixture.Frames * 256 / 22050.0 + 0.05);
    }

    [Theory]
    [InlineData("mel"), InlineData("recording"), InlineData("pipe")]
    public void A_recording_of_it_is_bit_for_bit_the_offline_wave(string from)
    {
        using var folder = new TempFolder();
        CliFixture.Run("synth", fixture.Npy, folder["offline.wav"], "--voice", fixture.Voice, "--match", from == "pipe" ? "1" : "8").Succeeds();
        string input = from switch { "mel" => fixture.Npy, "recording" => fixture.Wav, _ => "-" };
        new Piped { Input = Piped.Frames(fixture.Mel, 80, mostAtOnce: 1000) }.Run(Play(input, "--player", "wav:" + folder["played.wav"])).Succeeds();
        Assert.Equal(File.ReadAllBytes(folder["offline.wav"]), File.ReadAllBytes(folder["played.wav"]));
    }

    [Fact]
    public void Standard_output_gets_the_samples_and_nothing_else()
    {
        var pipes = new Piped();
        CliResult result = pipes.Run(Play(fixture.Npy, "--player", "stdout"));
        Assert.Equal((0, ""), (result.Code, result.Output));
        Assert.Contains("0.50 s of speech on standard output", result.Error, StringComparison.Ordinal);
        Assert.Equal(Noise.In16Bits(Expected), MemoryMarshal.Cast<byte, short>(pipes.Sound).ToArray());
    }

    [Fact]
    public void Options_reach_the_voice_and_the_player()
    {
        using var folder = new TempFolder();
        new Piped().Run(Play(fixture.Npy, "--player", "wav:" + folder["a.wav"], "--sigma", "0.5", "--pitch", "2", "--seed", "9", "--volume", "0.25",
            "--threads", "1")).Succeeds();
        float[] loud = Synthesizer.Synthesize(fixture.Model, fixture.Mel, new SynthesisOptions { Sigma = 0.5f, PitchShift = 2, Seed = 9 }, new Parallelism(1));
        Assert.Equal(Noise.In16Bits([.. loud.Skip(200).Select(v => v * 0.25f)]), Noise.In16Bits(AudioFile.Read(folder["a.wav"]).Channels[0].AsSpan(200)));
    }

    [Fact]
    public void People_who_watch_see_level_buffer_and_underruns()
    {
        var pipes = new Piped { ErrorColumns = 80 };
        CliResult result = pipes.Run(Play(fixture.Npy, "--player", "null", "--buffer", "50"));
        Assert.Equal(0, result.Code);
        Assert.Matches(new Regex(@"\r\[#+\.+\] +-\d+ dB  buffered +\d+ ms  underruns 0  0\.\d s"), result.Error);
        // And nothing of it in the end.
        Assert.EndsWith("\r", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', result.Output);
    }

    [Fact]
    public void A_log_in_the_place_of_standard_error_gets_no_meter() =>
        new Piped { Interactive = true }.Run(Play(fixture.Npy, "--player", "null")).Succeeds();

    [Fact]
    public void A_producer_slower_than_real_time_is_counted_and_nothing_hangs()
    {
        var clock = new ManualClock();
        var input = new WatchedStream(Piped.Frames(fixture.Mel, 80, mostAtOnce: 3200), _ => clock.Pass(TimeSpan.FromMilliseconds(500)));
        CliResult result = new Piped { Input = input, Clock = clock }.Run(Play("-", "--player", "null", "--buffer", "40")).Succeeds();
        Match underruns = Regex.Match(result.Output, @"underruns (\d+)");
        Assert.InRange(int.Parse(underruns.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), 2, fixture.Frames);
    }

    [Fact]
    public void What_was_complete_before_a_mistake_in_the_input_is_heard()
    {
        var pipes = new Piped { Input = Piped.Frames(fixture.Mel, 80, extraBytes: 4) };
        pipes.Run(Play("-", "--player", "stdout")).Fails(1, "standard input ends in the middle of frame 43: found 4 bytes of it");
        Assert.Equal(2 * fixture.Frames * CliFixture.Hop, pipes.Sound.Length);
        pipes = new Piped { Input = Piped.Frames(fixture.Mel, 80, extraBytes: 4) };
        pipes.Run(Play("-", "--player", "null")).Fails(1, "standard input ends in the middle of frame 43");
        Assert.True(pipes.Clock.Now.TotalSeconds >= (double)fixture.Frames * CliFixture.Hop / CliFixture.Rate);
    }

    [Theory]
    [InlineData("play"), InlineData("synth")]
    public void A_mistake_in_the_input_leaves_an_earlier_file_as_it_was(string verb)
    {
        using var folder = new TempFolder();
        string path = folder.Add("a.wav", [1, 2, 3]);
        string[] command = verb == "play" ? Play("-", "--player", "wav:" + path) : ["synth", "-", path, "--voice", fixture.Voice];
        new Piped { Input = Piped.Frames(fixture.Mel, 80, extraBytes: 4) }.Run(command).Fails(1, "standard input ends in the middle of frame 43");
        Assert.Equal(["a.wav"], folder.Entries());
        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
    }

    [Fact]
    public void A_full_disk_is_told_once()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "/dev/full, a device that is always full, is not here");
        new Piped().Run(Play(fixture.Npy, "--player", "wav:/dev/full")).Fails(1, "cannot write '/dev/full': the disk is full");
    }

    [Theory]
    [InlineData(true), InlineData(false)]
    public void A_closed_standard_stream_is_told(bool input)
    {
        Piped pipes = new() { InputIsClosed = input, OutputIsClosed = !input };
        if (input) pipes.Run(Play("-", "--player", "null")).Fails(1, "standard input is closed, expected mel frames in a pipe or a file");
        else pipes.Run(Play(fixture.Npy, "--player", "stdout")).Fails(1, "standard output is closed, expected a pipe or a file for the sound");
    }

    [Fact]
    public void Ctrl_C_stops_and_leaves_no_file()
    {
        using var folder = new TempFolder();
        using var cancel = new CancellationTokenSource();
        var input = new WatchedStream(Piped.Frames(fixture.Mel, 80, mostAtOnce: 320), read =>
        {
            if (read == 10) cancel.Cancel();
        });
        new Piped { Input = input, Cancellation = cancel.Token }.Run(Play("-", "--player", "wav:" + folder["a.wav"])).Fails(130, "interrupted");
        Assert.Empty(folder.Entries());
    }

    [Fact]
    public void Without_a_device_the_line_says_what_else_could_play() =>
        new Piped().Run(Play(fixture.Npy, "--device", "no-such-device")).Fails(1, "or play elsewhere: --player stdout, wav:FILE or null");

    [Fact]
    public void The_input_is_not_recorded_over() =>
        new Piped().Run(Play(fixture.Wav, "--player", "wav:" + fixture.Wav)).Fails(2, "is also the input");

    [Theory]
    [InlineData("--player loud", "--player is 'loud'"), InlineData("--player wav:", "--player is 'wav:'"),
        InlineData("--player null --device hw:0", "found --device hw:0 and --player null")]
    [InlineData("--player null --volume 5", "--volume is 5"), InlineData("--player null --buffer 1", "--buffer is '1', expected 20 to 10000"),
        InlineData("--player null --sigma 11", "sigma is 11")]
    [InlineData("--buffer 19.9", "--buffer is '19.9', expected 20 to 10000"), InlineData("--buffer 10001", "--buffer is '10001'"),
        InlineData("--buffer nan", "--buffer is 'nan', expected")]
    [InlineData("--buffer 1e30", "--buffer is '1e30', expected 20 to 10000"), InlineData("--buffer x", "--buffer is 'x', expected a number")]
    [InlineData("--player stdout --buffer 50", "found --buffer 50 and --player stdout"),
        InlineData("--player wav:a.wav --buffer 50", "found --buffer 50 and --player wav:a.wav")]
    public void Wrong_usage_is_told(string options, string expected) => new Piped().Run(Play(fixture.Npy, options.Split(' '))).Fails(2, expected);

    [Fact]
    public void An_empty_pipe_is_told() => new Piped().Run(Play("-", "--player", "null")).Fails(1, "standard input is an empty mel");
}
