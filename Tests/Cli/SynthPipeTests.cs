using System.Runtime.InteropServices;
using FlowVocoder.AudioIO;
using FlowVocoder.Cli;
using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;
using FlowVocoder.Tests.Features;

namespace FlowVocoder.Tests.Cli;

public sealed class SynthPipeTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private const int Bands = 80, FrameBytes = Bands * sizeof(float);

    // Frames that come one by one are matched once.
    private float[] Expected(int frames) => Synthesizer.Synthesize(fixture.Model, Mel(frames), new SynthesisOptions { Match = 1 }, new Parallelism(1));

    private byte[] ExpectedBytes(int frames) => MemoryMarshal.AsBytes<short>(Noise.In16Bits(Expected(frames))).ToArray();

    // The first frames of the fixture's mel, and where that is not enough, again from its start.
    private float[] Mel(int frames)
    {
        var mel = new float[Bands * frames];
        for (int b = 0; b < Bands; b++)
            for (int t = 0; t < frames; t++) mel[b * frames + t] = fixture.Mel[b * fixture.Frames + t % fixture.Frames];
        return mel;
    }

    private Piped Frames(int frames, int extraBytes = 0, int mostAtOnce = int.MaxValue) => new()
    {
        Input = Piped.Frames(Mel(frames), Bands, extraBytes, mostAtOnce),
    };

    private string[] Synth(params string[] more) => ["synth", "-", "-", "--voice", fixture.Voice, .. more];

    [Theory]
    [InlineData(7), InlineData(FrameBytes), InlineData(3 * FrameBytes + 5), InlineData(int.MaxValue)]
    public void Raw_samples_are_those_of_the_file_however_the_frames_arrive(int mostAtOnce)
    {
        Piped pipes = Frames(fixture.Frames, mostAtOnce: mostAtOnce);
        CliResult result = pipes.Run(Synth("--raw"));
        Assert.Equal(0, result.Code);
        Assert.Equal("", result.Output);
        Assert.Equal("standard output: 0.50 s of speech\n", result.Error);
        Assert.Equal(ExpectedBytes(fixture.Frames), pipes.Sound);
    }

    [Fact]
    public void A_wav_goes_out_as_a_stream_of_unknown_length()
    {
        Piped pipes = Frames(20);
        Assert.Equal(0, pipes.Run(Synth()).Code);
        Assert.Equal(uint.MaxValue, BitConverter.ToUInt32(pipes.Sound, 40));
        Assert.Equal(ExpectedBytes(20), pipes.Sound[44..]);
    }

    [Fact]
    public void Floats_go_out_as_they_are()
    {
        Piped pipes = Frames(20);
        Assert.Equal(0, pipes.Run(Synth("--raw", "--float")).Code);
        Assert.Equal(Expected(20), MemoryMarshal.Cast<byte, float>(pipes.Sound).ToArray());
    }

    // The command reads again only after it has answered what it read before.
    [Fact]
    public void Each_frame_is_answered_as_soon_as_the_look_ahead_allows()
    {
        var sound = new MemoryStream();
        int lookAhead = fixture.Model.LatencyWith(1).Frames;
        var answered = new List<long>();
        var input = new WatchedStream(Piped.Frames(Mel(30), Bands, mostAtOnce: FrameBytes), _ => answered.Add(sound.Length));
        Assert.Equal(0, new Piped { Input = input, Output = sound }.Run(Synth("--raw")).Code);
        // The first frame takes two reads, since its first bytes tell what it is.
        long[] expected = [0, .. Enumerable.Range(0, 31).Select(frames => 2L * CliFixture.Hop * Math.Max(0, frames - lookAhead))];
        Assert.Equal(expected, answered);
        Assert.Equal(30 * 2 * CliFixture.Hop, sound.Length);
    }

    [Fact]
    public void Pipes_and_files_go_together()
    {
        using var folder = new TempFolder();
        byte[] wav = [.. WavBytes.Simple(1, 1, CliFixture.Rate, 16, ExpectedBytes(fixture.Frames))];
        Assert.Equal(0, Frames(fixture.Frames).Run("synth", "-", folder["a.wav"], "--voice", fixture.Voice).Code);
        Assert.Equal(wav, File.ReadAllBytes(folder["a.wav"]));
        using FileStream npy = File.OpenRead(fixture.Npy);
        Assert.Equal(0, new Piped { Input = npy }.Run("synth", "-", folder["b.wav"], "--voice", fixture.Voice).Code);
        Assert.Equal(wav, File.ReadAllBytes(folder["b.wav"]));
        var pipes = new Piped();
        Assert.Equal(0, pipes.Run("synth", fixture.Npy, "-", "--voice", fixture.Voice, "--match", "1").Code);
        Assert.Equal(wav[44..], pipes.Sound[44..]);
        CliResult raw = CliFixture.Run("synth", fixture.Npy, folder["c.raw"], "--raw", "--voice", fixture.Voice, "--match", "1").Succeeds();
        Assert.Equal(wav[44..], File.ReadAllBytes(folder["c.raw"]));
        Assert.Contains("c.raw: 0.50 s of speech", raw.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_end_in_the_middle_of_a_frame_is_told_and_what_was_complete_is_spoken()
    {
        Piped pipes = Frames(25, extraBytes: 100);
        pipes.Run(Synth("--raw")).Fails(1, "standard input ends in the middle of frame 25: found 100 bytes of it, expected 320");
        Assert.Equal(ExpectedBytes(25), pipes.Sound);
        using var folder = new TempFolder();
        Frames(25, extraBytes: 100).Run("synth", "-", folder["out.wav"], "--voice", fixture.Voice).Fails(1, "in the middle of frame 25");
        Assert.Empty(folder.Entries());
    }

    [Fact]
    public void A_NaN_in_the_1000th_frame_is_named_and_what_came_before_is_spoken()
    {
        float[] mel = Mel(1200);
        mel[17 * 1200 + 999] = float.NaN;
        var pipes = new Piped { Input = Piped.Frames(mel, Bands) };
        pipes.Run(Synth("--raw")).Fails(1, "standard input has NaN at [band 17, frame 999], expected finite numbers");
        Assert.Equal(ExpectedBytes(999), pipes.Sound);
    }

    [Theory]
    [InlineData(0), InlineData(5)]
    public void An_empty_pipe_is_told(int bytes) =>
        Frames(0, extraBytes: bytes).Run(Synth("--raw")).Fails(1, bytes == 0 ? "standard input is an empty mel" : "found 5 bytes of it, expected 320");

    [Fact]
    public void A_reader_that_goes_away_ends_it_quietly()
    {
        CliResult result = new Piped { Input = Piped.Frames(Mel(100), Bands), Output = new ClosedPipe(2000) }.Run(Synth("--raw"));
        Assert.Equal((141, "", ""), (result.Code, result.Output, result.Error));
    }

    [Fact]
    public void A_full_disk_behind_standard_output_is_told()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "/dev/full, a device that is always full, is not here");
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        new Piped { Input = Piped.Frames(Mel(10), Bands), Output = full }.Run(Synth()).Fails(1, "cannot write to standard output: the disk is full");
    }

    [Fact]
    public void Ctrl_C_between_frames_ends_it()
    {
        using var cancel = new CancellationTokenSource();
        var input = new WatchedStream(Piped.Frames(Mel(100), Bands, mostAtOnce: FrameBytes), read =>
        {
            if (read == 20) cancel.Cancel();
        });
        new Piped { Input = input, Cancellation = cancel.Token }.Run(Synth("--raw")).Fails(130, "interrupted");
    }

    [Fact]
    public void A_mel_in_another_logarithm_is_pointed_out()
    {
        MelRecipe log10 = MelRecipe.ByName("hifigan") with { Logarithm = MelLogarithm.Log10 };
        float[] mel = new MelSpectrogram(log10).Compute(MelLogarithmGuessTests.Speech(CliFixture.Rate, seed: 1));
        CliResult result = new Piped { Input = Piped.Frames(mel, Bands) }.Run(Synth("--raw"));
        Assert.Equal(0, result.Code);
        Assert.Contains("warning: standard input: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("log10", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("synth - a.npy out.wav", "'-', expected one mel and one output"), InlineData("synth a.npy b.npy out --raw", "--raw, expected one mel")]
    public void Pipes_are_for_one_mel(string line, string expected) => CliFixture.Run(line.Split(' ')).Fails(2, expected);

    [Fact]
    public void Screens_and_keyboards_are_no_pipes()
    {
        using StringWriter output = new(), error = new();
        int code = VocoderCommand.Run(Synth(), new Terminal(output, error, false, default) { OutputIsScreen = true });
        new CliResult(code, output.ToString(), error.ToString()).Fails(2, "standard output is a terminal");
        error.GetStringBuilder().Clear();
        code = VocoderCommand.Run(Synth(), new Terminal(output, error, false, default) { TypedInput = true, Output = () => new MemoryStream() });
        new CliResult(code, output.ToString(), error.ToString()).Fails(2, "standard input is a terminal");
    }

    // As the system says it when nobody reads: EPIPE.
    private sealed class ClosedPipe(int room) : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => Write(buffer.ToArray(), 0, buffer.Length);

        public override void Write(byte[] buffer, int offset, int count)
        {
            if (Length + count > room) throw new IOException("Broken pipe", 32);
            base.Write(buffer, offset, count);
        }
    }
}
