using FlowVocoder.Compute;

namespace FlowVocoder.Models;

/// <summary>A model that learns by the likelihood of recordings alone, in one pass.</summary>
internal interface ILikelihoodModel
{
    /// <summary>Negative log-likelihood of audio [b, 1, n] under mels [b, bands, f] of the same length in nats per sample, less ½ log 2π, as [1,1,1].</summary>
    Tensor Loss(Ops ops, Tensor audio, Tensor mel);

    /// <summary>Sets what depends on a first batch.</summary>
    void Initialize(Ops ops, Tensor audio, Tensor mel);
}
