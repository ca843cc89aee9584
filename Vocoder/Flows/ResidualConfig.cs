namespace FlowVocoder.Flows;

/// <summary>How a <see cref="ResidualFlow"/> is built, and how its log-determinant is estimated.</summary>
/// <param name="Channels">Channels d that enter.</param>
/// <param name="Hidden">Channels of the hidden layers.</param>
/// <param name="HiddenLayers">Number of hidden layers, at least 1.</param>
/// <param name="ConditionChannels">Channels of the condition, 0 for none.</param>
/// <param name="Contraction">Bound c of the Lipschitz constant of g, above 0 and below 1.</param>
/// <param name="Terms">Terms n of the power series that are always computed, at least 1.</param>
/// <param name="Roulette">Probability, below 1, with which each further term is computed; 0 cuts the series after n terms.</param>
/// <param name="Seed">Of the random vectors of the estimate.</param>
public sealed record ResidualConfig(int Channels, int Hidden, int HiddenLayers = 2, int ConditionChannels = 0, float Contraction = 0.9f, int Terms = 8,
    float Roulette = 0f, ulong Seed = 0)
{
    /// <summary>
    /// The largest bias of log det per step: -d·(ln(1 - c) + Σ_{k≤n} c^k/k) where the series is cut (Behrmann et al. 2019, theorem 4), 0 with
    /// <see cref="Roulette"/>.
    /// </summary>
    public double BiasBound => Roulette > 0 ? 0
        : -Channels * (Math.Log(1 - Contraction) + Enumerable.Range(1, Terms).Sum(k => Math.Pow(Contraction, k) / k));

    /// <summary>
    /// Iterations N of the inverse: c^N/(1 - c) ≤ 1e-6, so that the error is below 1e-6 of the first step, the norm of g(z)
    /// (Behrmann et al. 2019, sec. 2.1).
    /// </summary>
    public int Iterations => (int)Math.Ceiling(Math.Log(1e-6 * (1 - Contraction)) / Math.Log(Contraction));

    internal void Check()
    {
        if (Channels < 1 || Hidden < 1 || HiddenLayers < 1 || Terms < 1)
            throw new ArgumentException(
                $"{Channels} channels, {Hidden} hidden channels, {HiddenLayers} hidden layers and {Terms} terms, expected at least 1 of each");
        if (Contraction is not (> 0 and < 1)) throw new ArgumentException($"the contraction is {Contraction}, expected more than 0 and less than 1");
        if (Roulette is not (>= 0 and < 1)) throw new ArgumentException($"the probability of a further term is {Roulette}, expected 0 to less than 1");
    }
}
