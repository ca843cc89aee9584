using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

public class AllPoleTests
{
    private const int Batch = 2, Blocks = 3, BlockSize = 5, Order = 4;
    private readonly Random _random = new(1);
    private readonly Tensor _x, _taps, _gains;

    public AllPoleTests()
    {
        _x = Samples.Normal(_random, Batch, 1, Blocks * BlockSize);
        _taps = Samples.Normal(_random, Batch, Blocks, Order, 0.3);
        _gains = Samples.Normal(_random, Batch, Blocks, 1);
        foreach (ref float g in _gains.Span) g = 0.5f + Math.Abs(g);
    }

    [Fact]
    public void Equals_the_naive_recursion_and_is_undone()
    {
        var ops = new CpuOps(new Parallelism(2));
        Tensor y = ops.AllPole(_x, _taps, _gains), back = ops.AllPoleInverse(y, _taps, _gains);
        for (int b = 0; b < Batch; b++)
        {
            var expected = new double[_x.Length];
            for (int t = 0; t < expected.Length; t++)
            {
                int block = t / BlockSize;
                expected[t] = (double)_gains.Row(b, block)[0] * _x.Row(b, 0)[t];
                for (int k = 1; k <= Math.Min(Order, t); k++) expected[t] += _taps.Row(b, block)[k - 1] * expected[t - k];
                Assert.Equal(expected[t], y.Row(b, 0)[t], 1e-5);
                Assert.Equal(_x.Row(b, 0)[t], back.Row(b, 0)[t], 1e-5);
            }
        }
    }

    [Fact]
    public void Gradients_equal_central_differences()
    {
        GradientCheck.Run((ops, i) => ops.AllPole(i[0], _taps, _gains), _x);
        GradientCheck.Run((ops, i) => ops.AllPoleInverse(i[0], _taps, _gains), Samples.Normal(_random, Batch, 1, Blocks * BlockSize));
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_named() =>
        Assert.Contains("[2, 4, 4]", Assert.Throws<ArgumentException>(() => new CpuOps().AllPole(_x, new Tensor(2, 4, 4), _gains)).Message,
            StringComparison.Ordinal);
}
