using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;
using FlowVocoder.Tests.Compute;
using FlowVocoder.Training.Losses;

namespace FlowVocoder.Tests.Training.Losses;

public class FlowMatchingTests
{
    [Fact]
    public void A_field_of_zero_costs_the_squared_distance_and_a_field_is_asked_on_the_line()
    {
        var random = new Random(1);
        Tensor x = Samples.Normal(random, 2, 3, 5), z = Samples.Normal(random, 2, 3, 5), time = Samples.Normal(random, 2, 1, 5);
        foreach (ref float t in time.Span) t = Math.Abs(t) % 1;
        var parameters = new ParameterSet(1);
        var flow = new ContinuousFlow(parameters, new WaveNetConfig(1, 4, 1), 3, 0, new OdeSolver(OdeMethod.Euler, 1));
        Tensor condition = Flow.NoCondition(x);
        Assert.Equal(Expected((_, _) => 0), FlowMatching.Loss(new CpuOps(), flow, x, z, condition, time).Item, 1e-4);
        parameters.Randomize(2);
        var between = new Tensor(2, 3, 5);
        for (int row = 0; row < 6; row++)
            for (int i = 0; i < 5; i++)
            {
                float t = time.Row(row / 3, 0)[i];
                between.Row(0, row)[i] = (1 - t) * x.Row(0, row)[i] + t * z.Row(0, row)[i];
            }
        Tensor velocity = flow.Velocity(new CpuOps(), between, condition, time);
        Assert.Equal(Expected((row, i) => velocity.Row(0, row)[i]), FlowMatching.Loss(new CpuOps(), flow, x, z, condition, time).Item, 1e-4);

        double Expected(Func<int, int, double> v)
        {
            double sum = 0;
            for (int row = 0; row < 6; row++)
                for (int i = 0; i < 5; i++) sum += Math.Pow(v(row, i) - (z.Row(0, row)[i] - x.Row(0, row)[i]), 2);
            return sum / 10;
        }
    }

    [Fact]
    public void What_is_told_of_the_data_is_where_the_line_from_here_along_the_field_ends()
    {
        var random = new Random(1);
        Tensor x = Samples.Normal(random, 2, 3, 5), z = Samples.Normal(random, 2, 3, 5), time = Samples.Normal(random, 2, 1, 5);
        foreach (ref float t in time.Span) t = Math.Abs(t) % 1;
        var parameters = new ParameterSet(1);
        var flow = new ContinuousFlow(parameters, new WaveNetConfig(1, 4, 1), 3, 0, new OdeSolver(OdeMethod.Euler, 1), isPreconditioned: true);
        parameters.Randomize(2);
        var between = new Tensor(2, 3, 5);
        for (int row = 0; row < 6; row++)
            for (int i = 0; i < 5; i++) between.Row(0, row)[i] = x.Row(0, row)[i] + time.Row(row / 3, 0)[i] * (z.Row(0, row)[i] - x.Row(0, row)[i]);
        Tensor velocity = flow.Velocity(new CpuOps(), between, Flow.NoCondition(x), time),
            error = FlowMatching.DataError(new CpuOps(), flow, x, z, Flow.NoCondition(x), time);
        for (int row = 0; row < 6; row++)
            for (int i = 0; i < 5; i++)
                Assert.Equal(between.Row(0, row)[i] - time.Row(row / 3, 0)[i] * velocity.Row(0, row)[i] - x.Row(0, row)[i], error.Row(0, row)[i], 1e-5);
    }
}
