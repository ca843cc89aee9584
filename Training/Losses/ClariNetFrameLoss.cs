using FlowVocoder.Compute;

namespace FlowVocoder.Training.Losses;

/// <summary>
/// The STFT loss of https://github.com/ksw0306/ClariNet: the mean squared difference of magnitudes, frames of 1024 samples every 256, centred, the ends of the
/// signal reflected, under a rectangular window.
/// </summary>
internal static class ClariNetFrameLoss
{
    private const int Size = 1024, Hop = 256;
    private const float Offset = 1e-10f;

    /// <summary>The loss of audio [b, 1, n] and a recording of the same shape, of more than 512 samples.</summary>
    public static Tensor Apply(Ops ops, Tensor generated, Tensor recorded)
    {
        Tensor difference = ops.Add(Magnitudes(ops, generated), ops.Scale(Magnitudes(ops, recorded), -1f));
        return ops.Scale(ops.SumSquares(difference), 1f / difference.Size);
    }

    /// <summary>√(re² + im² + 10⁻¹⁰), [b, 513, n / 256 + 1].</summary>
    public static Tensor Magnitudes(Ops ops, Tensor audio) => ops.Magnitude(ops.Stft(Reflected(ops, audio), ops.Fill(1, 1, Size, 1f), Hop), Offset);

    // Samples as items, so that they can be taken in another order.
    private static Tensor Reflected(Ops ops, Tensor audio)
    {
        int n = audio.Length, padded = n + Size;
        int[] order = [.. Enumerable.Range(0, audio.Batch * padded).Select(i => i / padded * n + Mirror(i % padded - Size / 2, n))];
        return ops.Reshape(ops.Take(ops.Reshape(audio, audio.Batch * n, 1, 1), order), audio.Batch, 1, padded);
    }

    private static int Mirror(int i, int n) => i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i;
}
