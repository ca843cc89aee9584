namespace FlowVocoder.Compute;

/// <summary>
/// In what convolutions and matrix products are computed. All that lies between them, weights, states and sums are float32, or double where an operation
/// says so.
/// </summary>
public enum Precision
{
    /// <summary>24 bits of significand, everywhere.</summary>
    Float32,

    /// <summary>Inputs, weights and results of convolutions rounded to 8 bits of significand, gradients likewise; sums in float32.</summary>
    BFloat16,

    /// <summary>Inputs and weights of convolutions rounded to 11 bits of significand by tensor cores of CUDA devices, sums and results in float32.</summary>
    TF32,
}
