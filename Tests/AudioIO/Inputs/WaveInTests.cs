using System.Runtime.InteropServices;
using FlowVocoder.AudioIO;
using FlowVocoder.AudioIO.Alsa;
using FlowVocoder.AudioIO.Inputs;
using FlowVocoder.Tests.AudioIO.Alsa;
using FlowVocoder.Tests.AudioIO.Players;
using NAudio.Wave;

namespace FlowVocoder.Tests.AudioIO.Inputs;

/// <summary>Inputs as NAudio's users record from them.</summary>
public class WaveInTests
{
    // What was handed out until the recording stopped, and why it did.
    private static (float[] Heard, Exception? Reason) RecordAll(IWaveIn input, Action<int>? heard = null)
    {
        using var stopped = new ManualResetEventSlim();
        var all = new List<float>();
        Exception? reason = null;
        input.DataAvailable += (_, e) =>
        {
            all.AddRange(MemoryMarshal.Cast<byte, float>(e.BufferSpan));
            heard?.Invoke(all.Count);
        };
        input.RecordingStopped += (_, e) =>
        {
            reason = e.Exception;
            stopped.Set();
        };
        input.StartRecording();
        stopped.Wait(TestContext.Current.CancellationToken);
        return ([.. all], reason);
    }

    [Fact]
    public void All_of_a_recording_is_handed_out_as_floats()
    {
        float[] samples = Noise.Of(12_345, 1);
        using var input = new PacedInput(samples, 8000, "x", new ManualClock());
        Assert.Equal((8000, 1, WaveFormatEncoding.IeeeFloat), (input.WaveFormat.SampleRate, input.WaveFormat.Channels, input.WaveFormat.Encoding));
        var (heard, reason) = RecordAll(input);
        Assert.Null(reason);
        Assert.Equal(samples, heard);
    }

    [Fact]
    public void It_stops_when_asked_to_and_can_be_started_again()
    {
        float[] samples = Noise.Of(5000, 1);
        using var input = new PacedInput(samples, 8000, "x", new ManualClock());
        bool asked = false;
        var (first, reason) = RecordAll(input, count =>
        {
            if (count < 1000 || asked) return;
            asked = true;
            input.StopRecording();
        });
        Assert.Null(reason);
        Assert.InRange(first.Length, 1000, 1100);
        Assert.Equal(samples[first.Length..], RecordAll(input).Heard);
    }

    [Fact]
    public void A_sound_card_hands_out_what_it_hears_and_why_it_ends()
    {
        var pcm = new FakePcm(FakePcm.Small);
        short[] spoken = Noise.In16Bits(Noise.Of(1000, 3));
        foreach (short sample in spoken) pcm.Microphone.Enqueue(sample);
        pcm.OnWait = () => pcm.Fail(AlsaError.NoDevice);
        using var input = new AlsaIn(new AlsaOptions { Device = "fake" }, pcm, new ManualClock());
        var (heard, reason) = RecordAll(input);
        Assert.Equal(spoken.Select(s => s / 32768f), heard);
        Assert.Contains("cannot record from 'fake' any more: the device is gone", Assert.IsType<VocoderException>(reason).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_format_is_refused_and_so_is_a_second_recording()
    {
        using var input = new PacedInput(new float[80_000], 8000, "x");
        Refusal.Expect(() => input.WaveFormat = new WaveFormat(44100, 16, 2), "44100Hz", "expected");
        input.StartRecording();
        Assert.Throws<InvalidOperationException>(input.StartRecording);
    }
}
