using FlowVocoder.Compute;

namespace FlowVocoder.Models;

/// <summary>What normalising audio by a multi-scale flow gives. Valid until the operations that made it are reset.</summary>
/// <param name="Latents">Parts of z, standard normal, in the order in which they leave: what each split gives away, less its mean and over its deviation, then
/// what remains.</param>
/// <param name="LogDets">Log-determinants by layer, [1,1,1] each; those of splits are -Σ log σ of their priors.</param>
public sealed record MultiScaleResult(IReadOnlyList<Tensor> Latents, IReadOnlyList<(string Layer, Tensor LogDet)> LogDets)
{
    /// <summary>Samples that were normalised.</summary>
    public long Samples => Latents.Sum(z => (long)z.Size);

    /// <summary>Negative log-likelihood in nats per sample less ½ log 2π, as [1,1,1].</summary>
    public Tensor Loss(Ops ops)
    {
        Tensor energy = ops.Scale(Latents.Select(ops.SumSquares).Aggregate(ops.Add), 0.5f), logDet = LogDets.Select(layer => layer.LogDet).Aggregate(ops.Add);
        return ops.Scale(ops.Add(energy, ops.Scale(logDet, -1f)), 1f / Samples);
    }
}
