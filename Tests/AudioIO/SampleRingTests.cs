using FlowVocoder.AudioIO;

namespace FlowVocoder.Tests.AudioIO;

public class SampleRingTests
{
    [Theory]
    [InlineData(1, 1), InlineData(2, 2), InlineData(3, 4), InlineData(1000, 1024), InlineData(1024, 1024)]
    public void Capacity_is_the_next_power_of_two(int asked, int given) => Assert.Equal(given, new SampleRing(asked).Capacity);

    [Theory]
    [InlineData(0), InlineData(-1), InlineData((1 << 30) + 1)]
    public void Impossible_capacities_are_refused(int capacity) => Assert.Throws<ArgumentOutOfRangeException>(() => new SampleRing(capacity));

    [Fact]
    public void A_full_ring_takes_the_part_that_fits_and_an_empty_one_gives_nothing()
    {
        var ring = new SampleRing(4);
        Assert.Equal(4, ring.Write([1, 2, 3, 4, 5]));
        Assert.Equal(0, ring.Write([9]));
        Assert.Equal(4, ring.Count);
        var read = new float[3];
        Assert.Equal(3, ring.Read(read));
        Assert.Equal([1, 2, 3], read);
        Assert.Equal(2, ring.Write([6, 7]));
        Assert.Equal(1, ring.Skip(1));
        var rest = new float[8];
        Assert.Equal(2, ring.Read(rest));
        Assert.Equal([6, 7], rest[..2]);
        Assert.Equal(0, ring.Read(rest));
        Assert.Equal(0, ring.Skip(1));
        Assert.Equal(0, ring.Count);
    }

    // Against a queue of the framework, through many turns of the ring.
    [Theory]
    [InlineData(1, 1), InlineData(4, 2), InlineData(64, 3), InlineData(1024, 4)]
    public void Any_sequence_of_calls_equals_a_queue(int capacity, int seed)
    {
        var random = new Random(seed);
        var ring = new SampleRing(capacity);
        var queue = new Queue<float>();
        float next = 0;
        for (int step = 0; step < 20_000; step++)
        {
            var block = new float[random.Next(0, 2 * capacity + 1)];
            switch (random.Next(5))
            {
                case 0 or 1:
                    for (int i = 0; i < block.Length; i++) block[i] = next + i;
                    int written = ring.Write(block);
                    Assert.Equal(Math.Min(block.Length, capacity - queue.Count), written);
                    foreach (float sample in block[..written]) queue.Enqueue(sample);
                    next = (next + written) % 1_000_000;
                    break;
                case 2 or 3:
                    int read = ring.Read(block);
                    Assert.Equal(Math.Min(block.Length, queue.Count), read);
                    for (int i = 0; i < read; i++) Assert.Equal(queue.Dequeue(), block[i]);
                    break;
                default:
                    int skipped = ring.Skip(block.Length);
                    Assert.Equal(Math.Min(block.Length, queue.Count), skipped);
                    for (int i = 0; i < skipped; i++) queue.Dequeue();
                    break;
            }
            Assert.Equal(queue.Count, ring.Count);
        }
    }

    // Two threads at full speed; every sample carries its number, so that one lost, doubled or torn would show.
    [Theory]
    [InlineData(1, 50_000, 1), InlineData(16, 500_000, 2), InlineData(4096, 10_000_000, 3)]
    public void Two_threads_never_lose_or_double_a_sample(int capacity, int samples, int seed)
    {
        var ring = new SampleRing(capacity);
        Exception? failure = null;
        var writer = new Thread(() =>
        {
            var random = new Random(seed);
            var block = new float[2 * capacity];
            var spin = new SpinWait();
            for (int sent = 0; sent < samples && Volatile.Read(ref failure) == null;)
            {
                int size = Math.Min(samples - sent, random.Next(1, block.Length + 1));
                for (int i = 0; i < size; i++) block[i] = (sent + i) & 0xFFFFFF;
                int written = ring.Write(block.AsSpan(0, size));
                sent += written;
                if (written == 0) spin.SpinOnce(sleep1Threshold: -1);
            }
        });
        var reader = new Thread(() =>
        {
            var random = new Random(seed + 100);
            var block = new float[2 * capacity];
            var spin = new SpinWait();
            try
            {
                for (int received = 0; received < samples;)
                {
                    int count = ring.Read(block.AsSpan(0, random.Next(1, block.Length + 1)));
                    for (int i = 0; i < count; i++)
                        if (block[i] != ((received + i) & 0xFFFFFF)) Assert.Fail($"sample {received + i} is {block[i]}");
                    received += count;
                    if (count == 0) spin.SpinOnce(sleep1Threshold: -1);
                }
            }
            catch (Exception e)
            {
                Volatile.Write(ref failure, e);
            }
        });
        writer.Start();
        reader.Start();
        writer.Join();
        reader.Join();
        Assert.Null(failure);
        Assert.Equal(0, ring.Count);
    }
}
