using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

[Collection(SimdCollection.Name)]
public class ConvolutionTests
{
    private const double UnitRoundoff = 1.0 / (1 << 24);

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 30)];

    [Theory, MemberData(nameof(Seeds))]
    public void Equals_naive_loops_and_is_the_same_at_every_width_and_thread_count(int seed)
    {
        var test = ConvolutionCase.Draw(seed);
        var (expected, magnitude) = test.NaiveForward();
        // n fused multiply-adds in sequence lose at most n units in the last place of the sum of magnitudes.
        int terms = test.X.Channels * test.Weight.Length + 2;
        float[]? reference = null;
        SimdCollection.AtEachWidth(bits =>
        {
            for (int threads = 1; threads <= 3; threads++)
            {
                float[] actual = test.Forward(threads);
                if (reference == null)
                    for (int i = 0; i < actual.Length; i++)
                        Assert.True(Math.Abs(actual[i] - expected[i]) <= terms * UnitRoundoff * magnitude[i],
                            $"element {i} is {actual[i]}, expected {expected[i]}");
                reference ??= actual;
                Samples.SameBits(reference, actual, $"{bits} bits, {threads} threads");
            }
        });
    }

    [Theory, MemberData(nameof(Seeds))]
    public void Gradients_equal_naive_loops_and_are_the_same_at_every_width_and_thread_count(int seed)
    {
        var test = ConvolutionCase.Draw(seed);
        double[]?[] expected = test.NaiveGradients();
        float[]?[]? reference = null;
        string[] names = ["x", "weight", "bias", "add"];
        SimdCollection.AtEachWidth(bits =>
        {
            for (int threads = 1; threads <= 3; threads++)
            {
                float[]?[] actual = test.Gradients(threads);
                for (int i = 0; i < names.Length; i++)
                {
                    Assert.Equal(expected[i] == null, actual[i] == null);
                    if (expected[i] == null) continue;
                    // Standard normal factors: a sum of n products is about √n, its rounding error far below √n·1e-5.
                    int terms = i == 0 ? test.OutputGradient.Channels * test.Weight.Length : test.X.Batch * test.X.Length;
                    if (reference == null) Samples.Close(expected[i], actual[i], 1e-5 * Math.Sqrt(terms), names[i]);
                    else Samples.SameBits(reference[i], actual[i], $"{names[i]}, {bits} bits, {threads} threads");
                }
                reference ??= actual;
            }
        });
    }

    [Fact]
    public void A_changed_weight_is_packed_again()
    {
        var random = new Random(1);
        var ops = new CpuOps();
        Tensor x = Samples.Normal(random, 1, 3, 20), weight = Samples.Normal(random, 5, 3, 1);
        float[] before = ops.Conv1d(x, weight, null).Span.ToArray();
        for (int i = 0; i < weight.Size; i++) weight.Span[i] *= 2;
        weight.MarkChanged();
        float[] after = ops.Conv1d(x, weight, null).Span.ToArray();
        Samples.SameBits([.. before.Select(v => 2 * v)], after, "doubled weight");
    }

    [Fact]
    public void Slices_of_a_weight_equal_rows_of_the_whole_bit_for_bit()
    {
        var random = new Random(2);
        var ops = new CpuOps();
        Tensor x = Samples.Normal(random, 2, 7, 50), weight = Samples.Normal(random, 23, 7, 3), bias = Samples.Normal(random, 1, 23, 1);
        Tensor whole = ops.Conv1d(x, weight, bias, new ConvShape(2, 4));
        foreach (var (first, rows) in new[] { (0, 8), (8, 8), (16, 7), (5, 1) })
        {
            Tensor slice = ops.Conv1d(x, weight, bias, new ConvShape(2, 4, first, rows));
            Samples.SameBits(ops.Slice(whole, first, rows).Span, slice.Span, $"rows {first}+{rows}");
        }
    }

    [Fact]
    public void A_bias_alone_receives_its_gradient()
    {
        var random = new Random(3);
        Tensor x = Samples.Normal(random, 2, 3, 11), weight = Samples.Normal(random, 4, 3, 1), bias = new Tensor(1, 4, 1).AsParameter();
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        tape.Backward(ops.Sum(ops.Conv1d(x, weight, bias)));
        Assert.Equal([22f, 22f, 22f, 22f], bias.Grad!.Span.ToArray());
        Assert.Null(weight.Grad);
        Assert.Null(x.Grad);
    }

    [Fact]
    public void Sizes_that_do_not_fit_are_refused()
    {
        var ops = new CpuOps();
        Tensor x = new(1, 4, 10), weight = new(6, 4, 3);
        void Refused(string part, Action action) => Assert.Contains(part, Assert.Throws<ArgumentException>(action).Message, StringComparison.Ordinal);
        Refused("channels differ", () => ops.Conv1d(new Tensor(1, 5, 10), weight, null));
        Refused("rows 4 … 7", () => ops.Conv1d(x, weight, null, new ConvShape(FirstRow: 4, Rows: 4)));
        Refused("rows -1", () => ops.Conv1d(x, weight, null, new ConvShape(FirstRow: -1, Rows: 2)));
        Refused("bias", () => ops.Conv1d(x, weight, new Tensor(1, 5, 1)));
        Refused("left padding 3", () => ops.Conv1d(x, weight, null, new ConvShape(Left: 3)));
        Refused("left padding -1", () => ops.Conv1d(x, weight, null, new ConvShape(Left: -1)));
        Refused("addend", () => ops.Conv1d(x, weight, null, add: new Tensor(1, 6, 9)));
    }
}
