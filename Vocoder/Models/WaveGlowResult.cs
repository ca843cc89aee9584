using FlowVocoder.Compute;

namespace FlowVocoder.Models;

/// <summary>What normalising audio gives. Valid until the operations that made it are reset.</summary>
/// <param name="Latent">z [b, group, t]: the early outputs in the order in which they left, then what remained.</param>
/// <param name="SumLogScale">Σ log s of each coupling over batch and time, [1,1,1] each.</param>
/// <param name="LogDetConvolution">log |det W| of each invertible convolution times batch and time, [1,1,1] each.</param>
public sealed record WaveGlowResult(Tensor Latent, IReadOnlyList<Tensor> SumLogScale, IReadOnlyList<Tensor> LogDetConvolution)
{
    /// <summary>Log-determinants by the names of their layers, from the samples inwards.</summary>
    public IEnumerable<(string Layer, Tensor LogDet)> Layers =>
        SumLogScale.SelectMany((logScale, k) => new[] { ($"convinv.{k}", LogDetConvolution[k]), ($"WN.{k}", logScale) });

    /// <summary>
    /// The published loss, [1,1,1]: (Σ z²/(2σ²) - Σ log s - Σ log det W) per element of z (Prenger et al. 2018, eq. 3, without its constant).
    /// </summary>
    /// <param name="ops">The operations that made this result.</param>
    /// <param name="sigma">Standard deviation σ of the prior, above 0; published training uses 1.</param>
    public Tensor Loss(Ops ops, float sigma)
    {
        RequirePositive(sigma);
        Tensor logDet = SumLogScale.Concat(LogDetConvolution).Aggregate(ops.Add);
        Tensor energy = ops.Scale(ops.SumSquares(Latent), 1f / (2f * sigma * sigma));
        return ops.Scale(ops.Add(energy, ops.Scale(logDet, -1f)), 1f / Latent.Size);
    }

    /// <summary>Exact mean log-likelihood of a sample in nats under a prior of N(0, σ²), σ above 0.</summary>
    public double LogLikelihood(Ops ops, double sigma)
    {
        RequirePositive(sigma);
        double energy = 0;
        foreach (float z in ops.Read(Latent)) energy += (double)z * z;
        double logDet = SumLogScale.Concat(LogDetConvolution).Sum(value => (double)ops.ReadItem(value));
        return (logDet - energy / (2 * sigma * sigma)) / Latent.Size - 0.5 * Math.Log(2 * Math.PI * sigma * sigma);
    }

    private static void RequirePositive(double sigma)
    {
        if (!(sigma > 0 && double.IsFinite(sigma))) throw new ArgumentOutOfRangeException(nameof(sigma), sigma, "a likelihood needs a σ above 0");
    }
}
