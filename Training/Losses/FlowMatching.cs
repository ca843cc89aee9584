using FlowVocoder.Compute;
using FlowVocoder.Flows;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// Flow matching (Lipman et al. 2023; Liu et al. 2023, rectified flow): a continuous flow learns without solving its equation. Data x and noise z that have
/// nothing to do with each other are joined by a straight line, x_t = (1 - t)·x + t·z, and the field is to be its direction, z - x, on average over all lines
/// that pass.
/// </summary>
public static class FlowMatching
{
    /// <summary>Mean of |v(x_t, t) - (z - x)|² over batch and time, summed over channels, as [1,1,1].</summary>
    /// <param name="ops">Operations.</param>
    /// <param name="flow">The flow, whose data is at t = 0 and noise at t = 1.</param>
    /// <param name="data">x [b, c, t].</param>
    /// <param name="noise">z [b, c, t], standard normal.</param>
    /// <param name="condition">Condition of the flow.</param>
    /// <param name="time">Where on its line each step is, [b, 1, t], 0 to 1.</param>
    public static Tensor Loss(Ops ops, ContinuousFlow flow, Tensor data, Tensor noise, Tensor condition, Tensor time)
    {
        Tensor between = ops.Rent(data.Batch, data.Channels, data.Length), opposite = ops.Rent(data.Batch, data.Channels, data.Length);
        for (int b = 0; b < data.Batch; b++)
            for (int c = 0; c < data.Channels; c++)
                for (int i = 0; i < data.Length; i++)
                {
                    float x = data.Row(b, c)[i], z = noise.Row(b, c)[i], t = time.Row(b, 0)[i];
                    between.Row(b, c)[i] = (1 - t) * x + t * z;
                    opposite.Row(b, c)[i] = x - z;
                }
        return ops.Scale(ops.SumSquares(ops.Add(flow.Velocity(ops, between, condition, time), opposite)), 1f / (data.Batch * data.Length));
    }
}
