using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Tests.Compute;

[Collection(SimdCollection.Name)]
public unsafe class MathVectorTests
{
    private readonly struct SigmoidF : IElementwise
    {
        public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => MathVector<S, V>.Sigmoid(a);
    }

    private readonly struct ExpMinusOneF : IElementwise
    {
        public static V Apply<S, V>(V a, V b, V c) where S : struct, ISimd<V> where V : struct => MathVector<S, V>.ExpMinusOne(a);
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    private static double ExpMinusOne(double x) => Math.Abs(x) < 1e-5 ? x + x * x / 2 : Math.Exp(x) - 1;

    // Evenly spaced points, and both signs of every magnitude from the smallest denormal up.
    private static float[] Grid(double low, double high)
    {
        const int Count = 60_001;
        IEnumerable<float> even = Enumerable.Range(0, Count).Select(i => (float)(low + (high - low) * i / (Count - 1)));
        IEnumerable<float> powers = Enumerable.Range(-149, 157).SelectMany(e => new[] { MathF.ScaleB(1.2345678f, e), -MathF.ScaleB(1.2345678f, e) });
        return [.. even.Concat(powers).Where(x => x >= low && x <= high)];
    }

    private static float[] Map<TFunction>(float[] a, float[]? b = null) where TFunction : struct, IElementwise
    {
        var y = new float[a.Length];
        fixed (float* pa = a, pb = b ?? a, py = y) Elementwise.Run<TFunction>(pa, pb, pa, py, a.Length);
        return y;
    }

    private static float[] SameAtEachWidth<TFunction>(float[] a, float[]? b = null) where TFunction : struct, IElementwise
    {
        float[]? reference = null;
        SimdCollection.AtEachWidth(bits => Samples.SameBits(reference ??= Map<TFunction>(a, b), Map<TFunction>(a, b), $"{bits} bits"));
        return reference!;
    }

    private static void CheckRelative<TFunction>(double low, double high, Func<double, double> expected, double bound) where TFunction : struct, IElementwise
    {
        float[] x = Grid(low, high), y = SameAtEachWidth<TFunction>(x);
        for (int i = 0; i < x.Length; i++)
        {
            double value = expected(x[i]);
            // Half a denormal step is the best that float32 can do near zero.
            Assert.True(Math.Abs(y[i] - value) <= bound * Math.Abs(value) + float.Epsilon, $"f({x[i]:R}) is {y[i]:R}, expected {value:R}");
        }
    }

    [Fact]
    public void Exp_is_within_2e_7() => CheckRelative<ExpF>(-87, 88, Math.Exp, 2e-7);

    [Fact]
    public void Exp_minus_one_is_within_3e_7() => CheckRelative<ExpMinusOneF>(-80, 80, ExpMinusOne, 3e-7);

    [Fact]
    public void Tanh_is_within_4e_7() => CheckRelative<TanhF>(-200, 200, Math.Tanh, 4e-7);

    [Fact]
    public void Sigmoid_is_within_3e_7() => CheckRelative<SigmoidF>(-87, 200, Sigmoid, 3e-7);

    [Fact]
    public void Gate_is_within_6e_7()
    {
        var random = new Random(1);
        float[] a = [.. Grid(-30, 30)], b = [.. a.Select(_ => (float)(random.NextDouble() * 140 - 60))], y = SameAtEachWidth<GateF>(a, b);
        for (int i = 0; i < a.Length; i++)
        {
            double value = Math.Tanh(a[i]) * Sigmoid(b[i]);
            Assert.True(Math.Abs(y[i] - value) <= 6e-7 * Math.Abs(value) + float.Epsilon, $"gate({a[i]:R}, {b[i]:R}) is {y[i]:R}, expected {value:R}");
        }
    }

    [Fact]
    public void Extremes_reach_their_limits()
    {
        float[] x = [0f, -0f, float.MaxValue, float.MinValue, float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, 88.7f, -100f];
        float highest = Map<ExpF>([88f])[0], lowest = Map<ExpF>([-87f])[0];
        Assert.True(float.IsNormal(highest) && float.IsNormal(lowest));
        Assert.Equal([1f, 1f, highest, lowest, highest, lowest, 1f, highest, lowest], SameAtEachWidth<ExpF>(x));
        Assert.Equal([0f, 0f, 1f, -1f, 1f, -1f, float.Epsilon, 1f, -1f], SameAtEachWidth<TanhF>(x));
        float[] sigmoid = SameAtEachWidth<SigmoidF>(x);
        Assert.Equal([0.5f, 0.5f, 1f], sigmoid[..3]);
        Assert.InRange(sigmoid[3], 0f, 1e-37f);
        Assert.InRange(sigmoid[5], 0f, 1e-37f);
    }

    [Fact]
    public void Gate_is_finite_at_every_pair_of_extremes()
    {
        float[] values = [0f, -0f, 1e-40f, 10f, -10f, 60f, -60f, 90f, -90f, 1e30f, -1e30f, float.MaxValue, float.MinValue, float.PositiveInfinity,
            float.NegativeInfinity];
        float[] a = [.. values.SelectMany(v => values.Select(_ => v))], b = [.. values.SelectMany(_ => values)], y = SameAtEachWidth<GateF>(a, b);
        for (int i = 0; i < a.Length; i++) Assert.Equal(Math.Tanh(a[i]) * Sigmoid(b[i]), y[i], 1e-7);
    }

    [Fact]
    public void Not_a_number_stays_one()
    {
        float[] x = [float.NaN, 1f, float.NaN], one = [1f, 1f, float.NaN];
        foreach (float[] y in new[] { SameAtEachWidth<ExpF>(x), SameAtEachWidth<TanhF>(x), SameAtEachWidth<SigmoidF>(x), SameAtEachWidth<GateF>(x, one),
            SameAtEachWidth<GateF>(one, x) })
        {
            Assert.True(float.IsNaN(y[0]) && float.IsNaN(y[2]));
            Assert.False(float.IsNaN(y[1]));
        }
    }

    [Fact]
    public void A_value_does_not_depend_on_where_the_row_ends()
    {
        var random = new Random(2);
        float[] x = [.. Enumerable.Range(0, 67).Select(_ => (float)(3 * random.NextNormal()))], whole = SameAtEachWidth<GateF>(x, x);
        for (int length = 1; length < x.Length; length++)
            Samples.SameBits(whole.AsSpan(0, length), SameAtEachWidth<GateF>(x[..length], x[..length]), $"length {length}");
    }

    [Fact]
    public void Only_known_widths_can_be_forced() => Assert.Throws<ArgumentOutOfRangeException>(() => SimdWidth.Force(64));
}
