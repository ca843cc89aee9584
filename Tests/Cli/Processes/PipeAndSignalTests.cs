using System.Diagnostics;
using System.Runtime.InteropServices;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli.Processes;

public sealed class PipeAndSignalTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private const int FrameBytes = 320;

    private VocoderProcess Start(params string[] args) => Redirected("", args);

    private VocoderProcess Redirected(string redirection, params string[] args) =>
        new([.. args, "--voice", fixture.Voice, "--threads", "1"], redirection: redirection);

    private byte[] Frames
    {
        get
        {
            var bytes = new MemoryStream();
            Piped.Frames(fixture.Mel, 80).CopyTo(bytes);
            return bytes.ToArray();
        }
    }

    [Fact]
    public void Each_frame_is_answered_before_the_next_is_sent()
    {
        using VocoderProcess vocoder = Start("synth", "-", "-", "--raw");
        var sound = new List<byte>();
        int lookAhead = fixture.Model.LatencyWith(1).Frames;
        for (int t = 0; t < fixture.Frames; t++)
        {
            vocoder.Input.Write(Frames, t * FrameBytes, FrameBytes);
            vocoder.Input.Flush();
            if (t >= lookAhead) sound.AddRange(vocoder.Read(2 * CliFixture.Hop));
        }
        vocoder.Input.Close();
        sound.AddRange(vocoder.ReadToEnd());
        (int code, string error) = vocoder.End();
        Assert.Equal((0, "standard output: 0.50 s of speech\n"), (code, error));
        float[] expected = Synthesizer.Synthesize(fixture.Model, fixture.Mel, new SynthesisOptions { Match = 1 }, new Parallelism(1));
        Assert.Equal(Noise.In16Bits(expected), MemoryMarshal.Cast<byte, short>(sound.ToArray()).ToArray());
    }

    [Fact]
    public void A_reader_that_goes_away_ends_it_quietly_with_141()
    {
        using VocoderProcess vocoder = Start("synth", "-", "-");
        vocoder.Read(44);
        vocoder.Output.Dispose();
        Send(vocoder, 100);
        Assert.Equal((141, ""), vocoder.End());
    }

    [Theory]
    [InlineData("INT", 130), InlineData("TERM", 143), InlineData("HUP", 129)]
    public void A_signal_ends_it_while_the_writer_is_silent(string signal, int code)
    {
        using VocoderProcess vocoder = Start("synth", "-", "-");
        vocoder.Read(44);
        vocoder.Signal(signal);
        Assert.Equal((code, "vocoder: interrupted\n"), vocoder.End());
    }

    [Fact]
    public void A_signal_ends_it_while_the_reader_has_stopped_reading()
    {
        using VocoderProcess vocoder = Start("play", "-", "--player", "stdout");
        // More than both pipes hold.
        var sending = new Thread(() => Send(vocoder, 100));
        sending.Start();
        vocoder.Read(2 * CliFixture.Hop);
        vocoder.Signal("INT");
        Assert.Equal((130, "vocoder: interrupted\n"), vocoder.End());
        sending.Join();
    }

    [Theory]
    [InlineData("play"), InlineData("synth"), InlineData("mel"), InlineData("score"), InlineData("plot")]
    public async Task A_signal_ends_what_waits_for_a_file_that_never_comes_and_leaves_nothing(string verb)
    {
        using var folder = new TempFolder();
        // What is called a mel is no recording to mel.
        string name = verb == "mel" ? "in.wav" : "in.npy";
        using (Process? mkfifo = Process.Start("mkfifo", [folder[name]])) mkfifo.WaitForExit();
        string[] more = verb switch { "score" => [], "play" => ["--player", "wav:" + folder["out.wav"]], "plot" => [folder["out.png"]],
            "mel" => [folder["out.npy"]], _ => [folder["out.wav"]] };
        using var vocoder = new VocoderProcess([verb, folder[name], .. more]);
        // Opening this side waits until the program has opened the other; it gets nothing to read.
        using FileStream writer = await Task.Run(() => new FileStream(folder[name], FileMode.Open, FileAccess.Write), TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        vocoder.Signal("INT");
        (int code, string error) = vocoder.End();
        Assert.Equal((130, "vocoder: interrupted\n"), (code, error));
        Assert.Equal([name], folder.Entries());
    }

    [Fact]
    public void A_live_session_that_is_interrupted_leaves_a_wav_that_plays()
    {
        using var folder = new TempFolder();
        using var vocoder = new VocoderProcess(["live", "--input", fixture.Wav, "--voice", fixture.Voice, "--player", "wav:" + folder["out.wav"]]);
        vocoder.Read("live: from ".Length);
        vocoder.Signal("TERM");
        Assert.Equal((143, "vocoder: interrupted\n"), vocoder.End());
        Assert.Equal(["out.wav"], folder.Entries());
        byte[] wav = File.ReadAllBytes(folder["out.wav"]);
        Assert.Equal(wav.Length - 44, BitConverter.ToInt32(wav, 40));
    }

    [Theory]
    [InlineData("mel", "link"), InlineData("mel", "/dev/stdout"), InlineData("mel", "/proc/self/fd/1"), InlineData("synth", "/dev/fd/1"),
        InlineData("synth", "link")]
    [InlineData("play", "/dev/stdout"), InlineData("live", "/dev/stdout"), InlineData("plot", "link.png"), InlineData("demo", "link.png")]
    public void What_leads_to_standard_output_is_the_result_alone(string verb, string output)
    {
        using var folder = new TempFolder();
        if (output.StartsWith("link", StringComparison.Ordinal)) output = File.CreateSymbolicLink(folder[output], "/dev/stdout").FullName;
        string[] command = verb switch
        {
            "mel" => ["mel", fixture.Wav, output, "--recipe", "hifigan"],
            "synth" => ["synth", fixture.Npy, output, "--voice", fixture.Voice],
            "play" => ["play", fixture.Wav, "--player", "wav:" + output, "--voice", fixture.Voice],
            "live" => ["live", "--input", fixture.Wav, "--player", "wav:" + output, "--voice", fixture.Voice],
            "plot" => ["plot", fixture.Wav, output],
            _ => ["demo", "two-moons", output, "--flow", "linear", "--steps", "10"],
        };
        // Into a file, which can seek, and into a pipe, which cannot.
        string file = folder["result"];
        using var toFile = new VocoderProcess(command, redirection: $"> {file}");
        Assert.Equal(0, toFile.End().Code);
        using var toPipe = new VocoderProcess(command);
        byte[] piped = toPipe.ReadToEnd(), written = File.ReadAllBytes(file);
        (int code, string error) = toPipe.End();
        Assert.Equal(0, code);
        Assert.NotEqual("", error);
        byte[] magic = verb switch { "mel" => [0x93, .. "NUMPY"u8], "plot" or "demo" => [0x89, .. "PNG"u8], _ => [.. "RIFF"u8] };
        foreach (byte[] result in (byte[][])[piped, written])
        {
            Assert.Equal(magic, result[..magic.Length]);
            Assert.Equal(written.Length, result.Length);
        }
        if (verb == "mel") Assert.Equal(fixture.Mel, MelFile.Read(file, 80).Data);
        if (verb is "synth" or "play" or "live") Assert.Equal(File.ReadAllBytes(file).Length - 44, 2 * AudioFile.Read(file).Length);
        if (verb is "plot" or "demo") Assert.Equal("IEND"u8, piped.AsSpan(piped.Length - 8, 4));
    }

    [Theory]
    [InlineData("synth", "<&-", "standard input is closed, expected mel frames in a pipe or a file")]
    [InlineData("play", "<&-", "standard input is closed, expected mel frames in a pipe or a file")]
    [InlineData("synth", ">&-", "standard output is closed, expected a pipe or a file for the sound")]
    public void A_standard_stream_that_is_closed_is_told(string verb, string redirection, string expected)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "closed descriptors are known on Linux");
        string[] more = verb == "play" ? ["--player", "null"] : ["-", "--raw"];
        using VocoderProcess vocoder = Redirected(redirection, [verb, "-", .. more]);
        Assert.Equal((1, $"vocoder: {expected}\n"), vocoder.End());
    }

    [Fact]
    public void Who_closes_standard_output_wants_no_report_and_a_full_one_is_named()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && File.Exists("/dev/full"), "/dev/full, a device that is always full, is not here");
        using var folder = new TempFolder();
        using (VocoderProcess closed = Redirected(">&-", "synth", fixture.Npy, folder["a.wav"])) Assert.Equal((0, ""), closed.End());
        Assert.Equal(["a.wav"], folder.Entries());
        using VocoderProcess full = Redirected(">/dev/full", "play", fixture.Npy, "--player", "wav:" + folder["a.wav"]);
        (int code, string error) = full.End();
        Assert.Equal(1, code);
        Assert.StartsWith("vocoder: cannot write to standard output: ", error, StringComparison.Ordinal);
        using VocoderProcess silent = Redirected("2>/dev/full", "play", folder["absent.npy"]);
        Assert.Equal(1, silent.End().Code);
    }

    // Frames until nobody takes them any more.
    private void Send(VocoderProcess vocoder, int times)
    {
        byte[] frames = Frames;
        try
        {
            for (int i = 0; i < times; i++) vocoder.Input.Write(frames);
        }
        catch (IOException)
        {
            // The program has ended.
        }
    }
}
