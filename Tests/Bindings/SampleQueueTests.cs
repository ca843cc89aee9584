using FlowVocoder.Native;

namespace FlowVocoder.Tests.Bindings;

public sealed class SampleQueueTests
{
    [Fact]
    public void What_goes_in_comes_out_however_it_is_cut()
    {
        var random = new Random(1);
        var queue = new SampleQueue();
        int added = 0, taken = 0;
        float[] piece = new float[100];
        for (int round = 0; round < 2000; round++)
        {
            Span<float> samples = piece.AsSpan(0, random.Next(piece.Length));
            foreach (ref float sample in samples) sample = added++;
            queue.Add(samples);
            Assert.Equal(added - taken, queue.Count);
            int count = queue.Take(samples = piece.AsSpan(0, random.Next(piece.Length)));
            Assert.Equal(Math.Min(samples.Length, added - taken), count);
            foreach (float sample in samples[..count]) Assert.Equal(taken++, sample);
        }
        queue.Clear();
        Assert.Equal(0, queue.Count);
        Assert.Equal(0, queue.Take(piece));
    }

    [Fact]
    public void One_thread_adds_while_another_takes()
    {
        const int Samples = 200_000;
        var queue = new SampleQueue();
        var adder = new Thread(() =>
        {
            for (int i = 0; i < Samples; i += 8) queue.Add([i, i + 1, i + 2, i + 3, i + 4, i + 5, i + 6, i + 7]);
        });
        adder.Start();
        float[] piece = new float[37];
        for (int taken = 0; taken < Samples;)
        {
            int count = queue.Take(piece);
            if (count == 0) Thread.Yield();
            for (int i = 0; i < count; i++) Assert.Equal(taken++, piece[i]);
        }
        adder.Join();
        Assert.Equal(0, queue.Count);
    }
}
