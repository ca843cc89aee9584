using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class ResamplerStreamTests
{
    [Theory]
    [InlineData(44100, 22050, 1), InlineData(48000, 22050, 2), InlineData(16000, 22050, 3), InlineData(22050, 48000, 4), InlineData(22051, 22050, 5)]
    [InlineData(22050, 22050, 6), InlineData(7, 5, 7), InlineData(8000, 44100, 8)]
    public void Chunks_of_any_size_give_bit_for_bit_what_the_whole_gives(int from, int to, int seed)
    {
        var random = new Random(seed);
        float[] x = Noise.Of(5000, seed), whole = Resampler.Resample(x, from, to);
        var stream = new ResamplerStream(from, to);
        for (int most = 1; most <= 3000; most *= 7)
        {
            var pieces = new List<float>();
            for (int start = 0; start < x.Length;)
            {
                int size = Math.Min(x.Length - start, random.Next(0, most + 1));
                var y = new float[stream.OutputCount(size)];
                Assert.Equal(y.Length, stream.Push(x.AsSpan(start, size), y));
                pieces.AddRange(y);
                start += size;
            }
            var rest = new float[stream.FlushCount];
            Assert.Equal(rest.Length, stream.Flush(rest));
            Assert.Equal(whole, pieces.Concat(rest).ToArray());
            stream.Reset();
        }
    }

    [Theory]
    [InlineData(44100, 22050), InlineData(16000, 22050), InlineData(22050, 22050)]
    public void Samples_come_as_soon_as_the_stated_latency_allows(int from, int to)
    {
        var stream = new ResamplerStream(from, to);
        // Output m lies at input time m·from/to: it comes with the push that reaches the latency beyond it, not one sample earlier.
        int latency = stream.LatencySamples, produced = 0;
        for (int received = 1; received <= 2000; received++)
        {
            produced += stream.Push([0f], new float[4]);
            int expected = 0;
            while ((long)expected * from / to + latency < received) expected++;
            Assert.Equal(expected, produced);
        }
    }

    [Theory]
    [InlineData(0), InlineData(1), InlineData(100)]
    public void Signals_shorter_than_the_filter_come_at_the_end(int length)
    {
        float[] x = Noise.Of(length, 1);
        var stream = new ResamplerStream(48000, 22050);
        Assert.Equal(0, stream.Push(x, []));
        var y = new float[stream.FlushCount];
        stream.Flush(y);
        Assert.Equal(Resampler.Resample(x, 48000, 22050), y);
    }

    [Theory]
    [InlineData(22050, 48000), InlineData(48000, 22050), InlineData(22050, 22050)]
    public void What_is_held_is_what_has_not_come_out(int from, int to)
    {
        var stream = new ResamplerStream(from, to);
        Assert.Equal(0, stream.HeldSamples);
        stream.Push(new float[50], new float[200]);
        Assert.Equal(Math.Min(50, stream.LatencySamples), stream.HeldSamples);
        stream.Push(new float[1000], new float[4000]);
        // An output sample of a lower rate stands for several of the input.
        Assert.InRange(stream.HeldSamples, stream.LatencySamples - Math.Max(1, from / to), stream.LatencySamples);
        stream.Flush(new float[1000]);
        Assert.Equal(0, stream.HeldSamples);
    }

    [Fact]
    public void Memory_does_not_grow_with_the_signal()
    {
        var stream = new ResamplerStream(48000, 22050);
        var block = new float[480];
        var y = new float[480];
        for (int i = 0; i < 20; i++) stream.Push(block, y);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 2000; i++) stream.Push(block, y);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void An_hour_has_its_samples_and_the_last_second_as_an_early_one()
    {
        const int From = 8000, To = 11025, Seconds = 3600;
        var stream = new ResamplerStream(From, To);
        float[] second = Noise.Of(From, 1), y = new float[To + 100];
        float[]? early = null;
        long produced = 0;
        for (int i = 0; i < Seconds; i++)
        {
            int count = stream.Push(second, y);
            if (i == 1) early = y[..count];
            produced += count;
        }
        Assert.Equal(To, early!.Length);
        Assert.Equal(early, y[..To]);
        Assert.Equal((long)To * Seconds, produced + stream.Flush(y));
    }

    [Fact]
    public void Too_little_room_is_told_and_changes_nothing()
    {
        var stream = new ResamplerStream(24000, 48000);
        float[] x = Noise.Of(1000, 3);
        Assert.Throws<ArgumentException>(() => stream.Push(x, new float[stream.OutputCount(1000) - 1]));
        var y = new float[stream.OutputCount(1000)];
        stream.Push(x, y);
        Assert.Equal(Resampler.Resample(x, 24000, 48000)[..y.Length], y);
    }
}
