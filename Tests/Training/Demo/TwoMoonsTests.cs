using FlowVocoder.Compute;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training.Demo;

namespace FlowVocoder.Tests.Training.Demo;

public class TwoMoonsTests
{
    // The same arcs, integrated with a step far below the noise.
    private static double NaiveDensity(double x, double y)
    {
        const int steps = 2000;
        double sx = Math.Sqrt(0.75 + 0.01), sy = Math.Sqrt(0.5 - 1 / Math.PI + 0.0625 + 0.01), sum = 0;
        double rawX = x * sx + 0.5, rawY = y * sy + 0.25;
        for (int i = 0; i < steps; i++)
        {
            double t = Math.PI * (i + 0.5) / steps;
            double upper = Math.Pow(rawX - Math.Cos(t), 2) + Math.Pow(rawY - Math.Sin(t), 2);
            double lower = Math.Pow(rawX - 1 + Math.Cos(t), 2) + Math.Pow(rawY - 0.5 + Math.Sin(t), 2);
            sum += Math.Exp(-upper / 0.02) + Math.Exp(-lower / 0.02);
        }
        return sum / (2 * steps) / (2 * Math.PI * 0.01) * sx * sy;
    }

    [Fact]
    public void Points_have_zero_mean_and_unit_variance()
    {
        Tensor points = TwoMoons.Points(1, 0, 0, 100_000);
        for (int c = 0; c < 2; c++)
        {
            double mean = points.Row(0, c).ToArray().Average(v => (double)v);
            // Four standard errors.
            Assert.Equal(0, mean, 0.013);
            Assert.Equal(1, points.Row(0, c).ToArray().Average(v => (v - mean) * (v - mean)), 0.013);
        }
    }

    [Fact]
    public void A_point_depends_on_seed_stream_and_index_alone()
    {
        Tensor all = TwoMoons.Points(1, 2, 0, 50), part = TwoMoons.Points(1, 2, 21, 9);
        for (int c = 0; c < 2; c++) Samples.SameBits(all.Row(0, c).Slice(21, 9), part.Row(0, c), "points 21 to 29");
        Assert.NotEqual(all.Span.ToArray(), TwoMoons.Points(2, 2, 0, 50).Span.ToArray());
        Assert.NotEqual(all.Span.ToArray(), TwoMoons.Points(1, 3, 0, 50).Span.ToArray());
    }

    [Fact]
    public void Even_points_are_of_the_upper_moon()
    {
        Tensor points = TwoMoons.Points(1, 0, 0, 2000);
        for (int i = 0; i < 2000; i++)
        {
            double x = points.Row(0, 0)[i] * Math.Sqrt(0.76) + 0.5, y = points.Row(0, 1)[i] * Math.Sqrt(0.5 - 1 / Math.PI + 0.0725) + 0.25;
            (double centreX, double centreY) = i % 2 == 0 ? (0, 0) : (1, 0.5);
            // Within five standard deviations of its circle, and of its half.
            Assert.Equal(1, double.Hypot(x - centreX, y - centreY), 0.5);
            Assert.True(i % 2 == 0 ? y > -0.5 : y < 1);
        }
    }

    [Fact]
    public void The_density_is_that_of_the_arcs_and_integrates_to_one()
    {
        const int side = 120;
        const double extent = 3;
        var grid = new Tensor(1, 2, side * side);
        for (int i = 0; i < grid.Length; i++)
        {
            grid.Row(0, 0)[i] = (float)((i % side + 0.5) / side * 2 * extent - extent);
            grid.Row(0, 1)[i] = (float)((i / side + 0.5) / side * 2 * extent - extent);
        }
        float[] log = TwoMoons.LogDensity(new CpuOps(), grid).Span.ToArray();
        Assert.Equal(1, log.Sum(l => Math.Exp(l)) * Math.Pow(2 * extent / side, 2), 1e-4);
        for (int i = 0; i < grid.Length; i += 97)
        {
            double expected = NaiveDensity(grid.Row(0, 0)[i], grid.Row(0, 1)[i]);
            Assert.Equal(expected, Math.Exp(log[i]), 2e-4 * Math.Max(expected, 0.01));
        }
    }

    [Fact]
    public void The_density_of_a_batch_is_that_of_each_item()
    {
        Tensor points = TwoMoons.Points(1, 0, 0, 6), pairs = new(6, 2, 1);
        for (int i = 0; i < 6; i++)
            for (int c = 0; c < 2; c++) pairs.Row(i, c)[0] = points.Row(0, c)[i];
        var ops = new CpuOps();
        Samples.SameBits(TwoMoons.LogDensity(ops, points).Span, TwoMoons.LogDensity(ops, pairs).Span, "log density");
    }

    [Fact]
    public void Gradients_of_the_log_density_equal_differences_in_double()
    {
        const double step = 1e-4;
        Tensor x = TwoMoons.Points(3, 0, 0, 40).AsParameter();
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        tape.Backward(ops.Sum(TwoMoons.LogDensity(ops, x)));
        for (int i = 0; i < 40; i++)
        {
            double a = x.Row(0, 0)[i], b = x.Row(0, 1)[i];
            Assert.Equal((Math.Log(NaiveDensity(a + step, b)) - Math.Log(NaiveDensity(a - step, b))) / (2 * step), x.Grad!.Row(0, 0)[i], 0.01);
            Assert.Equal((Math.Log(NaiveDensity(a, b + step)) - Math.Log(NaiveDensity(a, b - step))) / (2 * step), x.Grad.Row(0, 1)[i], 0.01);
        }
    }
}
