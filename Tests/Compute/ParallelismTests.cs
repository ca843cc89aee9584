using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

public class ParallelismTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(1, 5)]
    [InlineData(3, 1)]
    [InlineData(3, 100)]
    public void Every_index_is_visited_once(int threads, int count)
    {
        var visits = new int[count];
        new Parallelism(threads).For(count, visits, static (i, in visits) => Interlocked.Increment(ref visits[i]));
        Assert.All(visits, n => Assert.Equal(1, n));
    }

    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(3, 5, 1)]
    [InlineData(3, 100_001, 1)]
    [InlineData(2, 7, 10_000)]
    [InlineData(2, 9, 1_000_000)]
    public void Ranges_together_are_the_whole_in_parts_that_are_worth_it(int threads, int count, int itemSize)
    {
        var visits = new int[count];
        var ranges = new System.Collections.Concurrent.ConcurrentBag<(int From, int To)>();
        new Parallelism(threads).ForRanges(count, itemSize, (visits, ranges), static (from, to, in s) =>
        {
            s.ranges.Add((from, to));
            for (int i = from; i < to; i++) Interlocked.Increment(ref s.visits[i]);
        });
        Assert.All(visits, n => Assert.Equal(1, n));
        if (threads == 1) Assert.Single(ranges);
        // All but the last are as large as the grain, or a single item.
        else Assert.All(ranges.Where(r => r.To < count), r => Assert.True(r.To - r.From == Math.Max(1, Parallelism.Grain / itemSize)));
    }

    [Fact]
    public void Zero_means_every_processor_and_negative_numbers_are_refused()
    {
        Assert.Equal(Environment.ProcessorCount, new Parallelism().Threads);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Parallelism(-1));
    }
}
