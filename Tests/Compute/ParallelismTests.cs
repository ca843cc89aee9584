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

    [Fact]
    public void Zero_means_every_processor_and_negative_numbers_are_refused()
    {
        Assert.Equal(Environment.ProcessorCount, new Parallelism().Threads);
        Assert.Throws<ArgumentOutOfRangeException>(() => new Parallelism(-1));
    }
}
