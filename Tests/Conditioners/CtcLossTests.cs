using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Tests.Conditioners;

/// <summary>The loss of an attention against a sum over all readings.</summary>
public class CtcLossTests
{
    [Theory, InlineData(1, 1), InlineData(3, 2), InlineData(4, 2), InlineData(5, 3), InlineData(4, 4)]
    public void It_is_the_sum_over_all_readings(int steps, int positions)
    {
        var random = new Random(steps);
        Tensor logarithms = Tensor.From([.. Enumerable.Range(0, steps * positions).Select(_ => (float)(3 * random.NextDouble() - 3))], steps, positions, 1);
        double[][] rows = [.. Enumerable.Range(0, steps).Select(t =>
        {
            double[] row = [CtcLoss.Blank, .. Enumerable.Range(0, positions).Select(n => (double)logarithms.Row(t, n)[0])];
            double all = row.Sum(Math.Exp);
            return row.Select(l => Math.Exp(l) / all).ToArray();
        })];
        double sum = 0;
        // Every symbol at every step; kept where repetitions collapsed and blanks taken out leave 1, 2, ….
        for (int code = 0; code < Math.Pow(positions + 1, steps); code++)
        {
            int[] path = [.. Enumerable.Range(0, steps).Select(t => code / (int)Math.Pow(positions + 1, t) % (positions + 1))];
            if (path.Where((s, t) => s > 0 && (t == 0 || path[t - 1] != s)).SequenceEqual(Enumerable.Range(1, positions)))
                sum += path.Select((s, t) => rows[t][s]).Aggregate(1.0, (a, b) => a * b);
        }
        Assert.Equal(-Math.Log(sum), CtcLoss.Of(new CpuOps(), logarithms).Item, 1e-5);
    }

    [Fact]
    public void Fewer_steps_than_positions_cost_nothing() => Assert.Equal(0, CtcLoss.Of(new CpuOps(), new Tensor(2, 3, 1)).Item);
}
