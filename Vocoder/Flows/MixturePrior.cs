using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Flows;

/// <summary>
/// The prior of a Flowtron with a Gaussian mixture (Valle et al. 2021, sec. 3.3): each band of z has a mixture of K normal distributions, whose means,
/// variances and probabilities come from an encoding of the mel itself. Keys: mel_encoder and gaussian_mixture.
/// </summary>
internal sealed class MixturePrior
{
    private const int Convolutions = 2, Taps = 3;
    private readonly SequenceEncoder _encoder;
    private readonly LinearLayer _probability, _mean, _logVariance;
    private readonly Tensor _zeros;
    private readonly int _components, _bands;

    public MixturePrior(ParameterSet parameters, int bands, int components, int hidden)
    {
        (_bands, _components, _zeros) = (bands, components, new Tensor(1, bands, 1));
        _encoder = new SequenceEncoder(parameters.Scope("mel_encoder"), bands, hidden, Convolutions, Taps);
        LinearLayer Layer(string name, int outputs) => new(parameters.Scope($"gaussian_mixture.{name}.linear_layer"), hidden, outputs);
        (_probability, _mean, _logVariance) = (Layer("prob_layer", components), Layer("mean_layer", bands * components),
            Layer("log_var_layer", bands * components));
    }

    /// <summary>
    /// Means and log variances [1, bands·K, 1], the K of a band one after the other, and log probabilities [1, K, 1], of a mel [1, bands, t]. The published
    /// encoding is the mean over all frames of a padded batch, zeros included: <paramref name="padding"/> so many.
    /// </summary>
    public (Tensor Mean, Tensor LogVariance, Tensor LogProbability) Of(Ops ops, Tensor mel, int padding)
    {
        Tensor encoded = ops.Scale(ops.SumTime(_encoder.Apply(ops, mel)), 1f / (mel.Length + padding));
        return (_mean.Apply(ops, encoded), _logVariance.Apply(ops, encoded), ops.LogSoftmax(_probability.Apply(ops, encoded)));
    }

    /// <summary>-Σ ln Σ_k p_k·exp(-(z - μ_k)²/2σ_k²)/σ_k over bands and frames of z [1, bands, t], as [1,1,1]; ½ ln 2π is left out of each.</summary>
    public Tensor NegativeLogDensity(Ops ops, Tensor z, (Tensor Mean, Tensor LogVariance, Tensor LogProbability) mixture)
    {
        Tensor? parts = null, first = null;
        for (int k = 0; k < _components; k++)
        {
            Tensor logScale = ops.Scale(Component(ops, mixture.LogVariance, k), -0.5f), mean = Component(ops, mixture.Mean, k);
            Tensor distance = ops.ChannelAffine(ops.ChannelAffine(z, _zeros, ops.Scale(mean, -1f)), logScale, _zeros);
            Tensor constant = ops.ChannelAffine(logScale, _zeros, ops.Conv1d(ops.Slice(mixture.LogProbability, k, 1), ops.Fill(_bands, 1, 1, 1f), null));
            Tensor part = ops.Reshape(ops.ChannelAffine(ops.Scale(ops.Multiply(distance, distance), -0.5f), _zeros, constant), 1, 1, z.Size);
            first ??= part;
            parts = parts == null ? part : ops.Concat(parts, part);
        }
        // ln Σ_k e^(l_k) is l_1 less the logarithm of its softmax.
        return ops.Sum(ops.Add(ops.Slice(ops.LogSoftmax(parts!), 0, 1), ops.Scale(first!, -1f)));
    }

    // [1, bands·K, 1] → the k-th of each band, [1, bands, 1].
    private Tensor Component(Ops ops, Tensor all, int k) => ops.Reshape(ops.Slice(ops.Transpose(ops.Reshape(all, 1, _bands, _components)), k, 1), 1, _bands, 1);
}
