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
    public static Tensor Loss(Ops ops, ContinuousFlow flow, Tensor data, Tensor noise, Tensor condition, Tensor time) =>
        ops.Scale(ops.SumSquares(DirectionError(ops, flow, data, noise, condition, time)), 1f / (data.Batch * data.Length));

    /// <summary>
    /// What the flow takes for the data at the end of each line, x̂ = x_t - t·v(x_t, t), less the data itself: t·(z - x - v), [b, c, t]. It weighs the same
    /// error by where it matters: near the data little is left to go wrong.
    /// </summary>
    /// <inheritdoc cref="Loss"/>
    public static Tensor DataError(Ops ops, ContinuousFlow flow, Tensor data, Tensor noise, Tensor condition, Tensor time) =>
        ops.Multiply(DirectionError(ops, flow, data, noise, condition, time), ContinuousFlow.Spread(ops, time, data.Channels, static t => -t));

    // v(x_t, t) - (z - x).
    private static Tensor DirectionError(Ops ops, ContinuousFlow flow, Tensor data, Tensor noise, Tensor condition, Tensor time)
    {
        Tensor nearness = ContinuousFlow.Spread(ops, time, data.Channels, static t => 1 - (float)t),
            distance = ContinuousFlow.Spread(ops, time, data.Channels, static t => t);
        Tensor between = ops.Add(ops.Multiply(nearness, data), ops.Multiply(distance, noise)), opposite = ops.Add(data, ops.Scale(noise, -1f));
        return ops.Add(flow.Velocity(ops, between, condition, time), opposite);
    }
}
