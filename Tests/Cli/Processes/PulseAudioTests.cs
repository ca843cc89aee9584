using System.Diagnostics;
using System.Runtime.InteropServices;
using FlowVocoder.AudioIO;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using FlowVocoder.Tests.AudioIO;

namespace FlowVocoder.Tests.Cli.Processes;

/// <summary>The whole way: voice → player → ALSA → sound server → what somebody hears.</summary>
public sealed class PulseAudioTests(CliFixture fixture) : IClassFixture<CliFixture>
{
    private const int MaxSeconds = 60;

    [Fact]
    public void What_is_heard_is_bit_for_bit_the_offline_wave_to_the_last_sample()
    {
        using var server = new PulseAudioServer(CliFixture.Rate);
        using Process recorder = server.Record(CliFixture.Rate);
        Stream recording = recorder.StandardOutput.BaseStream;
        var bytes = new List<byte>();
        void Record(int count)
        {
            var block = new byte[count];
            recording.ReadExactly(block);
            bytes.AddRange(block);
        }
        // The monitor of a sink that plays nothing is silence: when some has come, the recorder is at work.
        Record(1000);
        float[] offline = Synthesizer.Synthesize(fixture.Model, fixture.Mel, new SynthesisOptions(), new Parallelism(1));
        // A buffer longer than the sound, so that a busy machine cannot make a gap.
        using (var vocoder = new VocoderProcess(["play", fixture.Npy, "--voice", fixture.Voice, "--device", "pulse", "--buffer", "2000"], server.Environment))
        {
            string said = System.Text.Encoding.UTF8.GetString(vocoder.ReadToEnd());
            (int code, string error) = vocoder.End();
            Assert.Equal((0, ""), (code, error));
            Assert.Contains("0.50 s of speech on 'pulse', first samples after", said, StringComparison.Ordinal);
            Assert.Contains("underruns 0", said, StringComparison.Ordinal);
        }
        // The recorder has been running since before the program began: what it heard is read until the wave was in it, and some silence.
        short[] expected = Noise.In16Bits(offline);
        int start = -1;
        while (start < 0 && bytes.Count < 2 * CliFixture.Rate * MaxSeconds)
        {
            Record(CliFixture.Rate / 5);
            start = Samples(bytes).AsSpan().IndexOf(expected);
        }
        Assert.True(start >= 0, "the wave is not in the recording");
        Record(CliFixture.Rate / 2);
        recorder.Kill();
        ReadOnlySpan<short> heard = Samples(bytes);
        Assert.False(heard[..start].ContainsAnyExcept((short)0));
        Assert.False(heard[(start + expected.Length)..].ContainsAnyExcept((short)0));
    }

    [Fact]
    public void Live_hears_what_sounds_and_measures_the_delay()
    {
        using var server = new PulseAudioServer(CliFixture.Rate);
        using var folder = new TempFolder();
        using Process sounds = server.Play(CliFixture.Rate);
        byte[] noise = MemoryMarshal.AsBytes<short>(Noise.In16Bits(Noise.Of(CliFixture.Rate, 1))).ToArray();
        var playing = new Thread(() =>
        {
            try
            {
                while (true) sounds.StandardInput.BaseStream.Write(noise);
            }
            catch (IOException)
            {
                // Killed at the end.
            }
        });
        playing.Start();
        using (var vocoder = new VocoderProcess(["live", "--input", "pulse", "--seconds", "1.5", "--voice", fixture.Voice, "--player",
            "wav:" + folder["live.wav"]], server.Environment))
        {
            string said = System.Text.Encoding.UTF8.GetString(vocoder.ReadToEnd());
            (int code, string error) = vocoder.End();
            Assert.Equal((0, ""), (code, error));
            Assert.Contains("live: from 'pulse' (22050 Hz)", said, StringComparison.Ordinal);
            Assert.Contains("from input to ear", said, StringComparison.Ordinal);
        }
        sounds.Kill();
        playing.Join();
        float[] live = AudioFile.Read(folder["live.wav"]).Channels[0];
        Assert.InRange(live.Length / (double)CliFixture.Rate, 1.2, 3);
        // The voice is not trained, but its linear prediction follows the mel: noise sounds, silence would be 60 dB below.
        Assert.True(Math.Sqrt(live.Skip(live.Length / 2).Average(v => (double)v * v)) > 0.02);
    }

    [Fact]
    public void Doctor_finds_a_server_that_is_not_the_default()
    {
        using var server = new PulseAudioServer(CliFixture.Rate);
        using var vocoder = new VocoderProcess(["doctor"], server.Environment);
        string said = System.Text.Encoding.UTF8.GetString(vocoder.ReadToEnd());
        Assert.Matches(@"there +pulse +used with --device pulse", said);
        Assert.Matches(@"there +pulse +used with live --input pulse", said);
        Assert.Equal((0, ""), vocoder.End());
    }

    [Fact]
    public void A_server_that_goes_away_while_it_plays_is_told_in_one_line()
    {
        using var server = new PulseAudioServer(CliFixture.Rate);
        using Process recorder = server.Record(CliFixture.Rate);
        using var vocoder = new VocoderProcess(["play", "-", "--voice", fixture.Voice, "--device", "pulse"], server.Environment);
        var frames = new MemoryStream();
        Piped.Frames(fixture.Mel, 80).CopyTo(frames);
        var sending = new Thread(() =>
        {
            try
            {
                while (true) vocoder.Input.Write(frames.ToArray());
            }
            catch (IOException)
            {
                // The program has ended.
            }
        });
        sending.Start();
        var block = new byte[CliFixture.Rate / 5];
        do recorder.StandardOutput.BaseStream.ReadExactly(block);
        while (!block.AsSpan().ContainsAnyExcept((byte)0));
        server.Kill();
        (int code, string error) = vocoder.End();
        Assert.Equal((1, "vocoder: cannot play on 'pulse' any more: the device is gone (unplugged, or its sound server has ended)\n"), (code, error));
        sending.Join();
    }

    private static short[] Samples(List<byte> bytes) => MemoryMarshal.Cast<byte, short>(bytes.ToArray()).ToArray();
}
