using FlowVocoder.Compute;

namespace FlowVocoder.Models;

/// <summary>What normalising audio gives. Valid until the operations that made it are reset.</summary>
/// <param name="Latent">z as planes, [b·height, 1, width].</param>
/// <param name="LogDets">Σ log s of each flow over batch and plane, [1,1,1] each.</param>
public sealed record WaveFlowResult(Tensor Latent, IReadOnlyList<Tensor> LogDets)
{
    private static readonly double s_halfLog2Pi = 0.5 * Math.Log(2 * Math.PI);

    /// <summary>Negative log-likelihood in nats per sample under a prior of N(0, σ²), σ above 0, as [1,1,1] less <see cref="Constant"/> of σ.</summary>
    public Tensor Loss(Ops ops, float sigma)
    {
        RequirePositive(sigma);
        Tensor energy = ops.Scale(ops.SumSquares(Latent), 1f / (2f * sigma * sigma));
        return ops.Scale(ops.Add(energy, ops.Scale(LogDets.Aggregate(ops.Add), -1f)), 1f / Latent.Size);
    }

    /// <summary>½ log 2π + log σ, which the published loss includes.</summary>
    public static double Constant(double sigma) => s_halfLog2Pi + Math.Log(sigma);

    /// <summary>Exact mean log-likelihood of a sample in nats under a prior of N(0, σ²), σ above 0.</summary>
    public double LogLikelihood(Ops ops, double sigma)
    {
        RequirePositive(sigma);
        double energy = 0;
        foreach (float z in ops.Read(Latent)) energy += (double)z * z;
        return (LogDets.Sum(value => (double)ops.Read(value)[0]) - energy / (2 * sigma * sigma)) / Latent.Size - Constant(sigma);
    }

    private static void RequirePositive(double sigma)
    {
        if (!(sigma > 0 && double.IsFinite(sigma))) throw new ArgumentOutOfRangeException(nameof(sigma), sigma, "a likelihood needs a σ above 0");
    }
}
