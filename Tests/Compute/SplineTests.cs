using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

public class SplineTests
{
    private readonly Random _random = new(1);

    // Knots and slopes from the parameters of one spline, and eq. 4 of Durkan et al. 2019, in arrays and double.
    private sealed class NaiveSpline
    {
        private readonly double _bound;
        private readonly double[] _x, _y, _slope;

        public NaiveSpline(double[] parameters, double bound)
        {
            int bins = (parameters.Length + 1) / 3;
            _bound = bound;
            _x = Knots(parameters[..bins]);
            _y = Knots(parameters[bins..(2 * bins)]);
            double one = Math.Log(Math.Exp(1 - 1e-3) - 1);
            _slope = [1, .. parameters[(2 * bins)..].Select(u => 1e-3 + Math.Log(1 + Math.Exp(u + one))), 1];
        }

        private double[] Knots(double[] u)
        {
            double[] softmax = [.. u.Select(v => Math.Exp(v) / u.Sum(Math.Exp))];
            return [.. Enumerable.Range(0, u.Length + 1).Select(k => -_bound + 2 * _bound * softmax.Take(k).Sum(p => 1e-3 + (1 - 1e-3 * u.Length) * p))];
        }

        public double At(double x)
        {
            if (Math.Abs(x) > _bound) return x;
            int k = 0;
            while (k < _x.Length - 2 && x >= _x[k + 1]) k++;
            double w = _x[k + 1] - _x[k], h = _y[k + 1] - _y[k], s = h / w, xi = (x - _x[k]) / w;
            return _y[k] + h * (s * xi * xi + _slope[k] * xi * (1 - xi)) / (s + (_slope[k + 1] + _slope[k] - 2 * s) * xi * (1 - xi));
        }

        public double LogSlopeAt(double x)
        {
            const double Step = 1e-5;
            return Math.Log((At(x + Step) - At(x - Step)) / (2 * Step));
        }
    }

    private static double[] Parameters(Tensor parameters, int each, int b, int c, int t) =>
        [.. Enumerable.Range(0, each).Select(i => (double)parameters.Row(b, c * each + i)[t])];

    [Theory]
    [InlineData(1, 2.5f)]
    [InlineData(2, 1)]
    [InlineData(8, 3)]
    [InlineData(40, 0.7f)]
    public void Equals_the_formula_written_with_arrays(int bins, float bound)
    {
        int each = 3 * bins - 1;
        Tensor x = Samples.Normal(_random, 2, 3, 50, 0.7 * bound), parameters = Samples.Normal(_random, 2, 3 * each, 50, 2);
        Tensor y = new CpuOps().Spline(x, parameters, bound);
        int inside = 0;
        for (int b = 0; b < 2; b++)
            for (int c = 0; c < 3; c++)
                for (int t = 0; t < 50; t++)
                {
                    var naive = new NaiveSpline(Parameters(parameters, each, b, c, t), bound);
                    double v = x.Row(b, c)[t];
                    if (Math.Abs(v) < bound) inside++;
                    Assert.Equal(naive.At(v), y.Row(b, c)[t], 1e-6 * bound);
                    Assert.Equal(naive.LogSlopeAt(v), y.Row(b, 3 + c)[t], 2e-3);
                }
        Assert.InRange(inside, 150, 299);
    }

    [Fact]
    public void Shared_parameters_are_the_same_splines_everywhere()
    {
        Tensor x = Samples.Normal(_random, 2, 3, 20), shared = Samples.Normal(_random, 1, 3 * 11, 1), spread = new(2, 3 * 11, 20);
        for (int row = 0; row < 2 * 33; row++) spread.Row(0, row).Fill(shared.Span[row % 33]);
        var ops = new CpuOps();
        Samples.SameBits(ops.Spline(x, spread, 2).Span, ops.Spline(x, shared, 2).Span, "forward");
        Samples.SameBits(ops.SplineInverse(x, spread, 2).Span, ops.SplineInverse(x, shared, 2).Span, "inverse");
    }

    [Fact]
    public void Zero_parameters_are_the_identity()
    {
        Tensor x = Samples.Normal(_random, 2, 3, 50, 2), zeros = new(1, 3 * 14, 1);
        var ops = new CpuOps();
        Tensor y = ops.Spline(x, zeros, 3);
        Samples.Close([.. ops.Slice(y, 0, 3).Span.ToArray().Select((_, i) => (double)x.Span[i])], ops.Slice(y, 0, 3).Span, 2e-6, "value");
        Samples.Close(new double[300], ops.Slice(y, 3, 3).Span, 1e-6, "slope");
    }

    [Fact]
    public void Rises_everywhere_and_joins_the_tails()
    {
        const float Bound = 2;
        Tensor x = new(1, 1, 4001), parameters = Samples.Normal(_random, 1, 17, 1, 1.5);
        for (int t = 0; t < x.Length; t++) x.Span[t] = -2 * Bound + t * Bound / 1000;
        var ops = new CpuOps();
        Tensor y = ops.Spline(x, parameters, Bound);
        ReadOnlySpan<float> values = y.Row(0, 0), slopes = y.Row(0, 1);
        double most = 0;
        // Not strictly: float32 may round a small rise away.
        for (int t = 1; t < x.Length; t++)
        {
            double rise = values[t] - (double)values[t - 1], step = x.Span[t] - (double)x.Span[t - 1];
            Assert.True(rise >= 0, $"falls at {x.Span[t]}");
            // No step is steeper than its steeper end by much: a jump would be.
            Assert.InRange(rise / step, 0, 1.5 * Math.Exp(Math.Max(slopes[t], slopes[t - 1])) + 0.01);
            most = Math.Max(most, Math.Abs(values[t] - x.Span[t]));
            if (Math.Abs(x.Span[t]) > Bound) Assert.Equal((x.Span[t], 0f), (values[t], slopes[t]));
        }
        Assert.True(most > 0.3, "the spline is close to the identity: nothing was shown");
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(4)]
    public void The_inverse_undoes_it_in_both_directions(double scale)
    {
        Tensor x = Samples.Normal(_random, 2, 2, 200, 2), parameters = Samples.Normal(_random, 2, 2 * 23, 200, scale);
        var ops = new CpuOps();
        // A float32 y of slope s tells x apart no finer than its spacing over s, and the other way round.
        Tensor y = ops.Spline(x, parameters, 3), back = ops.SplineInverse(ops.Slice(y, 0, 2), parameters, 3);
        Tensor again = ops.Spline(ops.SplineInverse(x, parameters, 3), parameters, 3);
        for (int b = 0; b < 2; b++)
            for (int c = 0; c < 2; c++)
                for (int t = 0; t < 200; t++)
                {
                    Assert.Equal(x.Row(b, c)[t], back.Row(b, c)[t], 1e-6 * Math.Max(1, Math.Exp(-y.Row(b, 2 + c)[t])));
                    Assert.Equal(x.Row(b, c)[t], again.Row(b, c)[t], 1e-6 * Math.Max(1, Math.Exp(again.Row(b, 2 + c)[t])));
                }
    }

    [Fact]
    public void Not_a_number_is_passed_on()
    {
        var x = Tensor.From([float.NaN, 0.5f], 1, 1, 2);
        var ops = new CpuOps();
        Assert.True(float.IsNaN(ops.Spline(x, new Tensor(1, 8, 1), 1).Span[0]));
        Assert.True(float.IsNaN(ops.SplineInverse(x, new Tensor(1, 8, 1), 1).Span[0]));
        Tensor broken = Tensor.From([float.NaN, 0, 0, 0, 0, 0, 0, 0], 1, 8, 1);
        Assert.True(float.IsNaN(ops.Spline(x, broken, 1).Span[1]));
    }

    // Three bins of about 5 on ±8, slopes not far from 1: x stays in the middle of a bin, or outside, while central differences move it and the knots.
    private Tensor BetweenKnots(int batch, int channels, int length)
    {
        double[] centres = [-5.33, 0, 5.33, 9];
        var x = new Tensor(batch, channels, length);
        for (int i = 0; i < x.Size; i++) x.Span[i] = (float)(centres[i % 4] + _random.NextDouble() - 0.5);
        return x;
    }

    [Fact]
    public void Gradients_of_value_and_slope_equal_central_differences() =>
        GradientCheck.Run((ops, i) => ops.Spline(i[0], i[1], 8), BetweenKnots(2, 2, 6), Samples.Normal(_random, 2, 2 * 8, 6, 0.25));

    [Fact]
    public void Gradients_of_shared_parameters_equal_central_differences() =>
        GradientCheck.Run((ops, i) => ops.Spline(i[0], i[1], 8), BetweenKnots(2, 2, 6), Samples.Normal(_random, 1, 2 * 8, 1, 0.25));

    [Fact]
    public void Gradients_of_the_inverse_equal_central_differences()
    {
        GradientCheck.Run((ops, i) => ops.SplineInverse(i[0], i[1], 8), BetweenKnots(2, 2, 6), Samples.Normal(_random, 2, 2 * 8, 6, 0.25));
        GradientCheck.Run((ops, i) => ops.SplineInverse(i[0], i[1], 8), BetweenKnots(2, 2, 6), Samples.Normal(_random, 1, 2 * 8, 1, 0.25));
    }

    [Fact]
    public void Gradients_of_sharp_splines_equal_those_of_the_formula()
    {
        // Many narrow bins: derivatives by a step that no float32 can take, of the naive formula in double.
        const int Each = 23;
        const double Step = 1e-6;
        Tensor x = Samples.Normal(_random, 1, 1, 30).AsParameter(), parameters = Samples.Normal(_random, 1, Each, 30, 1.5).AsParameter();
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        Tensor y = ops.Spline(x, parameters, 2);
        tape.Backward(ops.Sum(ops.Slice(y, 0, 1)));
        for (int t = 0; t < 30; t++)
        {
            double[] p = Parameters(parameters, Each, 0, 0, t);
            double Value(int i, double change) => new NaiveSpline([.. p.Select((v, j) => i == j ? v + change : v)], 2).At(x.Span[t]);
            Assert.Equal(Math.Exp(y.Row(0, 1)[t]), x.Grad!.Span[t], 1e-4);
            for (int i = 0; i < Each; i++) Assert.Equal((Value(i, Step) - Value(i, -Step)) / (2 * Step), parameters.Grad!.Row(0, i)[t], 1e-4);
        }
    }

    [Fact]
    public void Shapes_that_do_not_fit_are_refused()
    {
        var ops = new CpuOps();
        Tensor x = new(2, 2, 5);
        Action[] actions =
        [
            () => ops.Spline(x, new Tensor(1, 2 * 9, 1), 1), () => ops.Spline(x, new Tensor(1, 2 * 8 + 1, 1), 1), () => ops.Spline(x, new Tensor(1, 1, 1), 1),
            () => ops.Spline(x, new Tensor(1, 2 * 8, 5), 1), () => ops.Spline(x, new Tensor(2, 2 * 8, 1), 1), () => ops.Spline(x, new Tensor(1, 2 * 8, 1), 0),
            () => ops.SplineInverse(x, new Tensor(1, 2 * (3 * 257 - 1), 1), 1),
        ];
        foreach (Action action in actions) Assert.Throws<ArgumentException>(action);
    }
}
