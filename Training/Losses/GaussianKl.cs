using FlowVocoder.Compute;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// The regularised Kullback–Leibler divergence of ClariNet (Ping et al. 2018, sec. 3.3) between normal distributions of each sample, student q and
/// teacher p, in closed form: KL(q‖p) = log(σ_p/σ_q) + (σ_q² + (μ_p - μ_q)²) / (2σ_p²) - ½, plus λ·(log σ_p - log σ_q)². The divergence
/// explodes where both are sharp: log σ is bounded below in it, and each sample's divergence above; the second term sees log σ as it is.
/// </summary>
/// <param name="Regularization">λ.</param>
/// <param name="SmallestLogSigma">Bound of log σ in the divergence.</param>
/// <param name="LargestKl">Bound of the divergence of a sample.</param>
internal sealed record GaussianKl(float Regularization = 4f, float SmallestLogSigma = -6f, float LargestKl = 10f)
{
    /// <summary>The mean over all samples, in nats per sample; all tensors of the same shape. <paramref name="divergence"/> is that of its first term, without
    /// λ and
    /// without the bound of a sample, to be told.</summary>
    public Tensor Apply(Ops ops, Tensor meanQ, Tensor logSigmaQ, Tensor meanP, Tensor logSigmaP, out double divergence)
    {
        Tensor q = ops.Clamp(logSigmaQ, SmallestLogSigma, float.MaxValue), p = ops.Clamp(logSigmaP, SmallestLogSigma, float.MaxValue);
        Tensor half = ops.Fill(q.Batch, q.Channels, q.Length, 0.5f), zero = ops.Fill(q.Batch, q.Channels, q.Length, 0f);
        Tensor ratio = Difference(ops, q, p), mean = Difference(ops, meanP, meanQ);
        // ½σ_q²/σ_p² - log(σ_q/σ_p) - ½ + ½(μ_p - μ_q)²/σ_p²
        Tensor widths = ops.Affine(half, ops.Scale(ratio, 2f), ops.Scale(ratio, -1f));
        Tensor means = ops.Affine(ops.Scale(ops.Multiply(mean, mean), 0.5f), ops.Scale(p, -2f), zero);
        Tensor kl = ops.Add(ops.Add(widths, means), ops.Scale(half, -1f));
        Tensor free = Difference(ops, logSigmaP, logSigmaQ);
        Tensor bounded = ops.Scale(ops.Sum(ops.Clamp(kl, float.MinValue, LargestKl)), 1f / kl.Size);
        divergence = ops.ReadItem(ops.Sum(kl)) / (double)kl.Size;
        return ops.Add(bounded, ops.Scale(ops.SumSquares(free), Regularization / kl.Size));
    }

    private static Tensor Difference(Ops ops, Tensor a, Tensor b) => ops.Add(a, ops.Scale(b, -1f));
}
