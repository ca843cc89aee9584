using FlowVocoder.Compute;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// The contrastive term of Parallel WaveNet (van den Oord et al. 2017, sec. 4.2): -γ·KL(q‖p'), where p' is the teacher under the condition c' of other
/// speech than that of the student q. Beside KL(q‖p) it keeps a student from speaking what is likely whatever the mel.
/// </summary>
internal static class ContrastiveKl
{
    /// <summary>
    /// The term to add to the divergence, in nats per sample; both densities, as <see cref="MonteCarloKl"/> has them, are of the same generated speech.
    /// </summary>
    /// <param name="ops">Operations.</param>
    /// <param name="logQ">Density of the student.</param>
    /// <param name="logOther">Density of the teacher under the condition of other speech.</param>
    /// <param name="gamma">γ, 0.3 in the paper.</param>
    public static Tensor Apply(Ops ops, Tensor logQ, Tensor logOther, float gamma) => ops.Scale(MonteCarloKl.Apply(ops, logQ, logOther), -gamma);
}
