using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>
/// Where in a text a frame is likely to be before anything is learnt (Shih et al. 2021, RAD-TTS, sec. 2.2; Badlani et al. 2022): beta-binomial distributions
/// over the positions 0 … n - 1 with α = s·i and β = s·(t + 1 - i) at frame i = 1 … t, a cigar about the diagonal that is thinner for larger s.
/// </summary>
internal static class AttentionPrior
{
    /// <summary>Fills probabilities [t, n, 1].</summary>
    public static void Fill(Tensor prior, double scale)
    {
        int frames = prior.Batch, positions = prior.Channels, trials = positions - 1;
        for (int i = 1; i <= frames; i++)
        {
            double alpha = scale * i, beta = scale * (frames + 1 - i), logarithm = 0;
            // B(α, β + n)/B(α, β) for position 0, and from there by the ratio of neighbours.
            for (int j = 0; j < trials; j++) logarithm += Math.Log((beta + j) / (alpha + beta + j));
            Span<float> row = prior.Span.Slice((i - 1) * positions, positions);
            for (int k = 0; k < positions; k++)
            {
                row[k] = (float)Math.Exp(logarithm);
                if (k < trials) logarithm += Math.Log((trials - k) * (alpha + k) / ((k + 1) * (beta + trials - k - 1)));
            }
        }
    }
}
