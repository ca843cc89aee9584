using System.Runtime.InteropServices;
using FlowVocoder.AudioIO.Inputs;
using NAudio.Wave;

namespace FlowVocoder.Tests.AudioIO.Inputs;

/// <summary>Recorders of NAudio as inputs.</summary>
public class BufferedInputTests
{
    [Fact]
    public void Floats_and_integers_of_several_channels_are_mixed()
    {
        float[] left = Noise.Of(700, 1), right = Noise.Of(700, 2);
        float[] both = [.. left.Zip(right).SelectMany(pair => (float[])[pair.First, pair.Second])];
        var floats = new Recorder(WaveFormat.CreateIeeeFloatWaveFormat(16000, 2));
        using (var input = new BufferedInput(floats, "x"))
        {
            Assert.True(floats.Started);
            floats.Give(MemoryMarshal.AsBytes(both.AsSpan()).ToArray());
            Assert.Equal((16000, 700L, 700), (input.SampleRate, input.Captured, input.Waiting));
            float[] heard = ReadAll(input, 700);
            for (int i = 0; i < 700; i++) Assert.Equal((left[i] + right[i]) / 2, heard[i], 1e-7f);
        }
        var integers = new Recorder(new WaveFormatExtensible(8000, 16, 1));
        using (var input = new BufferedInput(integers, "x"))
        {
            short[] samples = Noise.In16Bits(left);
            integers.Give(MemoryMarshal.AsBytes(samples.AsSpan()).ToArray());
            Assert.Equal(samples.Select(s => s / 32768f), ReadAll(input, 700));
        }
        Assert.True(floats.Disposed && integers.Disposed);
    }

    [Fact]
    public void One_that_is_unplugged_is_told_after_what_it_gave()
    {
        var recorder = new Recorder(WaveFormat.CreateIeeeFloatWaveFormat(8000, 1));
        using var input = new BufferedInput(recorder, "'USB'");
        recorder.Give(new byte[40]);
        recorder.End(new InvalidOperationException("gone\nfor good"));
        Assert.Equal(10, input.Read(new float[100]));
        Refusal.Expect(() => input.Read(new float[1]), "cannot record from 'USB' any more: gone for good");
    }

    [Fact]
    public void What_nobody_reads_for_more_than_a_second_is_counted_as_lost()
    {
        var recorder = new Recorder(WaveFormat.CreateIeeeFloatWaveFormat(8000, 1));
        using var input = new BufferedInput(recorder, "x");
        for (int i = 0; i < 20; i++) recorder.Give(new byte[4 * 1000]);
        Assert.Equal(input.Captured, input.Waiting);
        Assert.InRange(input.Captured, 8000, 8192);
        Assert.InRange(input.Overruns, 11, 12);
    }

    [Fact]
    public void Other_formats_are_refused_by_name()
    {
        var recorder = new Recorder(new WaveFormat(8000, 24, 1));
        Refusal.Expect(() => _ = new BufferedInput(recorder, "'USB'"), "cannot record from 'USB': found ", "24", "expected 32-bit floats or 16-bit integers");
        Assert.True(recorder.Disposed);
    }

    private static float[] ReadAll(AudioInput input, int count)
    {
        var samples = new float[count];
        for (int at = 0; at < count;) at += input.Read(samples.AsSpan(at));
        return samples;
    }

    private sealed class Recorder(WaveFormat format) : IWaveIn
    {
        public event EventHandler<WaveInEventArgs>? DataAvailable;

        public event EventHandler<StoppedEventArgs>? RecordingStopped;

        public bool Started { get; private set; }

        public bool Disposed { get; private set; }

        public WaveFormat WaveFormat { get; set; } = format;

        public void Give(byte[] bytes) => DataAvailable?.Invoke(this, new WaveInEventArgs(bytes, bytes.Length));

        public void End(Exception? reason) => RecordingStopped?.Invoke(this, new StoppedEventArgs(reason));

        public void StartRecording() => Started = true;

        public void StopRecording() => Started = false;

        public void Dispose() => Disposed = true;
    }
}
