using FlowVocoder.Compute;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// Spectral convergence ‖|Y| - |X|‖_F / ‖|Y|‖_F plus the mean of |log |Y| - log |X||, of the spectra of recorded (Y) and generated speech (X) at one
/// resolution (Yamamoto et al. 2020, "Parallel WaveGAN", eq. 5–7; their multi-resolution loss is the mean over several).
/// </summary>
internal static class StftLoss
{
    private const float MagnitudeFloor = 1e-5f, SmoothAbs = 1e-6f, SmoothNorm = 1e-8f;

    /// <summary>The loss of magnitudes [b, bins, windows] of speech at full scale ±1.</summary>
    public static Tensor Apply(Ops ops, Tensor generated, Tensor recorded)
    {
        Tensor difference = ops.Add(generated, ops.Scale(recorded, -1f));
        Tensor convergence = ops.Scale(ops.Sqrt(ops.SumSquares(difference), SmoothNorm), 1f / MathF.Sqrt(ops.ReadItem(ops.SumSquares(recorded)) + SmoothNorm));
        Tensor logarithms = ops.Add(ops.Log(generated, MagnitudeFloor), ops.Scale(ops.Log(recorded, MagnitudeFloor), -1f));
        Tensor distance = ops.Sqrt(ops.Multiply(logarithms, logarithms), SmoothAbs);
        return ops.Add(convergence, ops.Scale(ops.Sum(distance), 1f / distance.Size));
    }
}
