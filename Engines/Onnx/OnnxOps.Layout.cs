using FlowVocoder.Compute;

namespace FlowVocoder.Onnx;

internal sealed partial class OnnxOps
{
    /// <inheritdoc/>
    public override Tensor Slice(Tensor x, int first, int count) =>
        first == 0 && count == x.Channels ? x : TensorOf(ValueOf(x).Slice(1, first, first + count), x.Batch, count, x.Length);

    /// <inheritdoc/>
    public override Tensor Concat(Tensor a, Tensor b) => TensorOf(ValueOf(a).Then(1, ValueOf(b)), a.Batch, a.Channels + b.Channels, a.Length);

    /// <inheritdoc/>
    public override Tensor Take(Tensor x, int[] items, int join = 1) => throw Missing(nameof(Take));

    /// <inheritdoc/>
    /// <remarks>What ends with its input ends with any input.</remarks>
    public override Tensor Crop(Tensor x, int first, int count) =>
        TensorOf(first + count == x.Length ? ValueOf(x).Slice(2, first) : ValueOf(x).Slice(2, first, first + count - x.Length), x.Batch, x.Channels, count);

    /// <inheritdoc/>
    public override Tensor Fold(Tensor x, int group) =>
        TensorOf(ValueOf(x).Reshape(0, x.Channels, -1, group).Transpose(0, 1, 3, 2).Reshape(0, x.Channels * group, -1), x.Batch, x.Channels * group,
            x.Length / group);

    /// <inheritdoc/>
    public override Tensor Unfold(Tensor x, int group) =>
        TensorOf(ValueOf(x).Reshape(0, x.Channels / group, group, -1).Transpose(0, 1, 3, 2).Reshape(0, x.Channels / group, -1), x.Batch, x.Channels / group,
            x.Length * group);

    /// <inheritdoc/>
    public override Tensor Reshape(Tensor x, int batch, int channels, int length) => throw Missing(nameof(Reshape));

    /// <inheritdoc/>
    public override Tensor Transpose(Tensor x) => TensorOf(ValueOf(x).Transpose(0, 2, 1), x.Batch, x.Length, x.Channels);

    /// <inheritdoc/>
    public override Tensor Mix(Tensor x, Tensor gains)
    {
        int hold = x.Length / gains.Length;
        Value mixed = x.Payload is HarmonicSignals harmonics ? harmonics.Mix(ValueOf(gains))
            : (ValueOf(x).Reshape(0, x.Channels, -1, hold) * ValueOf(gains).Unsqueeze(3)).Sum(1).Reshape(0, 1, -1);
        return TensorOf(mixed, x.Batch, 1, x.Length);
    }

    /// <inheritdoc/>
    /// <remarks>A convolution with the windowed cosines and negative sines: one node, and no runtime lacks it.</remarks>
    public override Tensor Stft(Tensor x, Tensor window, int hop)
    {
        Value spectra = graph.Node("Conv", [ValueOf(x), FourierBasis(window, 1)], ("strides", new long[] { hop }));
        return TensorOf(spectra, x.Batch, window.Size + 2, (x.Length - window.Size) / hop + 1);
    }

    /// <inheritdoc/>
    public override Tensor OverlapAdd(Tensor spectra, Tensor window, int hop, Tensor? add = null)
    {
        Value frames = FrameWeight is { } weight ? ValueOf(spectra) * weight : ValueOf(spectra);
        Value y = graph.Node("ConvTranspose", [frames, FourierBasis(window, 1.0 / window.Size)], ("strides", new long[] { hop }));
        return TensorOf(add == null ? y : y + ValueOf(add), spectra.Batch, 1, (spectra.Length - 1) * hop + window.Size);
    }

    // [2·bins, 1, size]: w_n·cos(2πkn/N) above -w_n·sin(2πkn/N). For the way back bins between the first and the last count twice.
    private Value FourierBasis(Tensor window, double scale) => Constant(window, $"Fourier {scale}", () =>
    {
        int size = window.Size, bins = size / 2 + 1;
        var basis = new float[2 * bins * size];
        for (int k = 0; k < bins; k++)
        {
            double weight = scale != 1 && k > 0 && k < bins - 1 ? 2 * scale : scale;
            for (int n = 0; n < size; n++)
            {
                var (sin, cos) = Math.SinCos(2 * Math.PI * ((long)k * n % size) / size);
                basis[k * size + n] = (float)(weight * window.Span[n] * cos);
                basis[(bins + k) * size + n] = (float)(-weight * window.Span[n] * sin);
            }
        }
        return (basis, [2 * bins, 1, size]);
    });
}
