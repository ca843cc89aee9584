using FlowVocoder.Compute;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// The power loss of Parallel WaveNet (van den Oord et al. 2017, sec. 4.2): ‖φ(g) - φ(y)‖², where φ is |STFT|² averaged over time, so that generated
/// speech g has the power of the recording y in every band and a student does not whisper. Divided by ‖φ(y)‖², so that its weight does not depend on loudness.
/// </summary>
internal static class PowerLoss
{
    private const float Smallest = 1e-12f;

    /// <summary>The loss of magnitudes [b, bins, windows] of speech, the mean over the batch items.</summary>
    public static Tensor Apply(Ops ops, Tensor generated, Tensor recorded)
    {
        Tensor x = Mean(ops, generated), y = Mean(ops, recorded);
        // Each item by the norm of its recording, which is no variable of the loss.
        ReadOnlySpan<float> powers = ops.Read(y);
        Tensor weight = ops.Rent(y.Batch, y.Channels, 1);
        for (int b = 0; b < y.Batch; b++)
        {
            double norm = 0;
            foreach (float power in powers.Slice(b * y.Channels, y.Channels)) norm += (double)power * power;
            weight.Span.Slice(b * y.Channels, y.Channels).Fill((float)(1 / Math.Sqrt(norm + Smallest)));
        }
        return ops.Scale(ops.SumSquares(ops.Multiply(ops.Add(x, ops.Scale(y, -1f)), weight)), 1f / y.Batch);
    }

    private static Tensor Mean(Ops ops, Tensor magnitude) => ops.Scale(ops.SumTime(ops.Multiply(magnitude, magnitude)), 1f / magnitude.Length);
}
