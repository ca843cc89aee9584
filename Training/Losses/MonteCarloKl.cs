using FlowVocoder.Compute;
using FlowVocoder.Flows;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// Probability density distillation (van den Oord et al. 2017, "Parallel WaveNet", sec. 4) for any two flows: KL(q‖p) = E_z[log q(x) - log p(x)] with
/// x = g(z), estimated on the samples at hand. The student q scores what it generates as it makes it, log q(x) = log N(z) - log |det dx/dz|;
/// gradients reach it through its own density and through that of the teacher p.
/// </summary>
internal static class MonteCarloKl
{
    /// <summary>
    /// E[log q] + constant, in nats per sample: -½Σz² - log |det dx/dz|. The constant, -½·log 2π a sample, is that of every flow and cancels.
    /// </summary>
    public static Tensor LogDensity(Ops ops, IReadOnlyList<Tensor> latents, Tensor logDet, int samples) =>
        ops.Scale(ops.Add(SumSquares(ops, latents, -0.5f), ops.Scale(logDet, -1f)), 1f / samples);

    /// <summary>E[log p] + the same constant, in nats per sample, of what a flow made of x: -½Σz² + Σ log |det dz/dx|.</summary>
    public static Tensor LogDensity(Ops ops, FlowResult scored, int samples)
    {
        Tensor sum = SumSquares(ops, scored.Latents, -0.5f);
        foreach (var (_, logDet) in scored.LogDets) sum = ops.Add(sum, logDet);
        return ops.Scale(sum, 1f / samples);
    }

    /// <summary>KL(q‖p), the difference of both densities of the same generated speech.</summary>
    public static Tensor Apply(Ops ops, Tensor logQ, Tensor logP) => ops.Add(logQ, ops.Scale(logP, -1f));

    private static Tensor SumSquares(Ops ops, IReadOnlyList<Tensor> tensors, float factor)
    {
        Tensor sum = ops.SumSquares(tensors[0]);
        for (int i = 1; i < tensors.Count; i++) sum = ops.Add(sum, ops.SumSquares(tensors[i]));
        return ops.Scale(sum, factor);
    }
}
