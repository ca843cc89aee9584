using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

public class RecursionTests
{
    /// <summary>y_t = 0.5·y_{t-1} + x_t·condition_t + (causal convolution of x with 1, 2, 3)_t.</summary>
    private sealed class Filter : IRecursion
    {
        private readonly Tensor _weight = Tensor.From([3, 2, 1], 1, 1, 3);

        public string Site => "filter";

        public Tensor Step(Ops ops, Tensor previous, Tensor x, Tensor condition)
        {
            Tensor filtered = ops.Conv1d(x, _weight, null, new ConvShape(Left: 2), site: "filter.convolution");
            return ops.Add(ops.Scale(previous, 0.5f), ops.Add(ops.Multiply(x, condition), filtered));
        }
    }

    private static float[] Naive(ReadOnlySpan<float> x, ReadOnlySpan<float> condition)
    {
        var y = new float[x.Length];
        double previous = 0;
        for (int t = 0; t < y.Length; t++)
        {
            double filtered = x[t] + 2 * (t > 0 ? x[t - 1] : 0) + 3 * (t > 1 ? x[t - 2] : 0);
            y[t] = (float)(previous = 0.5 * previous + (double)x[t] * condition[t] + filtered);
        }
        return y;
    }

    [Fact]
    public void A_recursion_sees_its_own_past_and_that_of_its_convolutions()
    {
        var random = new Random(1);
        Tensor x = Samples.Normal(random, 2, 1, 50), condition = Samples.Normal(random, 2, 1, 50);
        Tensor y = new CpuOps().Recur(new Filter(), x, condition, 1);
        for (int b = 0; b < 2; b++)
            foreach (var (actual, expected) in y.Row(b, 0).ToArray().Zip(Naive(x.Row(b, 0), condition.Row(b, 0)))) Assert.Equal(expected, actual, 1e-4);
    }

    [Fact]
    public void Streaming_goes_on_where_the_chunk_before_ended()
    {
        var random = new Random(2);
        Tensor x = Samples.Normal(random, 1, 1, 50), condition = Samples.Normal(random, 1, 1, 50);
        var filter = new Filter();
        Tensor whole = new CpuOps().Recur(filter, x, condition, 1), delayed = new CpuOps().Delay(x, "d");
        var ops = new CpuOps(state: new StreamState());
        for (int t = 0, count; t < 50; t += count)
        {
            count = Math.Min(random.Next(1, 9), 50 - t);
            Samples.SameBits(whole.Row(0, 0).Slice(t, count), ops.Recur(filter, ops.Crop(x, t, count), ops.Crop(condition, t, count), 1).Span,
                $"recursion at {t}");
            Samples.SameBits(delayed.Row(0, 0).Slice(t, count), ops.Delay(ops.Crop(x, t, count), "d").Span, $"delay at {t}");
            ops.Reset();
        }
    }

    [Fact]
    public void A_delay_is_one_step_later_with_its_gradient_one_step_earlier()
    {
        Assert.Equal([0, 1, 2, 0, 4, 5], new CpuOps().Delay(Tensor.From([1, 2, 3, 4, 5, 6], 1, 2, 3), "d").Span.ToArray());
        GradientCheck.Run((ops, i) => ops.SumSquares(ops.Delay(i[0], "d")), Samples.Normal(new Random(3), 2, 3, 7));
    }

    [Fact]
    public void Shapes_that_do_not_go_together_and_tapes_are_refused()
    {
        Assert.Throws<ArgumentException>(() => new CpuOps().Recur(new Filter(), new Tensor(1, 1, 5), new Tensor(1, 1, 6), 1));
        Assert.Throws<InvalidOperationException>(() => new CpuOps(tape: new Tape()).Recur(new Filter(), new Tensor(1, 1, 5), new Tensor(1, 1, 5), 1));
    }

    [Fact]
    public void Clamp_stops_gradients_outside_its_bounds()
    {
        Tensor x = Tensor.From([-2, -0.5f, 0.25f, 3], 1, 1, 4);
        Assert.Equal([-1, -0.5f, 0.25f, 2], new CpuOps().Clamp(x, -1, 2).Span.ToArray());
        GradientCheck.Run((ops, i) => ops.SumSquares(ops.Clamp(i[0], -1, 2)), x);
    }

    [Fact]
    public void SumTime_adds_each_channel()
    {
        Assert.Equal([6, 15, 24], new CpuOps().SumTime(Tensor.From([1, 2, 3, 4, 5, 6, 7, 8, 9], 1, 3, 3)).Span.ToArray());
        GradientCheck.Run((ops, i) => ops.SumSquares(ops.SumTime(i[0])), Samples.Normal(new Random(4), 2, 3, 5));
    }
}
