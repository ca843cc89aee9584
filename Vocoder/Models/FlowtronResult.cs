using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Models;

/// <summary>What normalising a mel gives. Valid until the operations that made it are reset.</summary>
/// <param name="Latent">z [1, bands, t] in natural time.</param>
/// <param name="LogScales">log σ of each flow, [1, bands, t]; of every second flow in reversed time.</param>
/// <param name="Attention">Attention of each flow, [t, n, 1]; of every second flow in reversed time.</param>
/// <param name="AttentionLogarithms">Their logarithms, with the prior and before they sum to 1 again.</param>
/// <param name="Gate">Logits of having come to the end, [1, 1, t], in the time of the last flow.</param>
public sealed record FlowtronResult(Tensor Latent, IReadOnlyList<Tensor> LogScales, IReadOnlyList<Tensor> Attention, IReadOnlyList<Tensor> AttentionLogarithms,
    Tensor Gate)
{
    /// <summary>-log p(z) where the prior is a mixture, without its constants; null where it is normal.</summary>
    internal Tensor? NegativeLogDensity { get; init; }

    /// <summary>
    /// Σ z²/(2σ²) - Σ log s, as [1,1,1], or with the density of the mixture where the prior is one, which has its own σ; the published loss is its sum over
    /// items by the number of their values. The constant of the normal distribution is left out.
    /// </summary>
    public Tensor Loss(Ops ops, float sigma) => ops.Add(NegativeLogDensity ?? ops.Scale(ops.SumSquares(Latent), 1f / (2f * sigma * sigma)),
        ops.Scale(LogScales.Select(ops.Sum).Aggregate(ops.Add), -1f));

    /// <summary>Σ of the cross-entropy of the gate, as [1,1,1]: as published, it is to open at the last frame in the time of the last flow.</summary>
    public Tensor GateLoss(Ops ops)
    {
        int last = Gate.Length - 1;
        Tensor pairs = ops.LogSoftmax(ops.Concat(Gate, ops.Fill(1, 1, Gate.Length, 0f))), target = ops.Rent(1, 2, Gate.Length);
        target.Row(0, 0).Clear();
        target.Row(0, 1).Fill(1f);
        (target.Row(0, 0)[last], target.Row(0, 1)[last]) = (1f, 0f);
        return ops.Scale(ops.Sum(ops.Multiply(pairs, target)), -1f);
    }

    /// <summary>
    /// Σ of the attention's <see cref="CtcLoss"/> by the length of the text over the flows, as [1,1,1]; the published loss is its mean over flows and items,
    /// times 0.01.
    /// </summary>
    public Tensor AttentionLoss(Ops ops)
    {
        Tensor Natural(Tensor logarithms, int flow) => flow % 2 == 0 ? logarithms : ops.Take(logarithms, [.. Enumerable.Range(0, logarithms.Batch).Reverse()]);
        return AttentionLogarithms.Select((logarithms, flow) => ops.Scale(CtcLoss.Of(ops, Natural(logarithms, flow)), 1f / logarithms.Channels))
            .Aggregate(ops.Add);
    }
}
