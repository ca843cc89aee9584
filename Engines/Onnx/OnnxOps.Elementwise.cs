using FlowVocoder.Compute;

namespace FlowVocoder.Onnx;

internal sealed partial class OnnxOps
{
    /// <inheritdoc/>
    public override Tensor Gate(Tensor x)
    {
        Value input = ValueOf(x), half = input.Slice(1, 0, x.Channels / 2), rest = input.Slice(1, x.Channels / 2);
        return TensorOf(half.Apply("Tanh") * rest.Apply("Sigmoid"), x.Batch, x.Channels / 2, x.Length);
    }

    /// <inheritdoc/>
    public override Tensor Add(Tensor a, Tensor b) => Like(a, ValueOf(a) + ValueOf(b));

    /// <inheritdoc/>
    public override Tensor Multiply(Tensor a, Tensor b) => Like(a, ValueOf(a) * ValueOf(b));

    /// <inheritdoc/>
    public override Tensor Scale(Tensor x, float factor) => Like(x, ValueOf(x) * factor);

    /// <inheritdoc/>
    public override Tensor Exp(Tensor x) => Like(x, ValueOf(x).Apply("Exp"));

    /// <inheritdoc/>
    public override Tensor Tanh(Tensor x) => Like(x, ValueOf(x).Apply("Tanh"));

    /// <inheritdoc/>
    public override Tensor Magnitude(Tensor pairs, float offset)
    {
        int half = pairs.Channels / 2;
        Value a = ValueOf(pairs).Slice(1, 0, half), b = ValueOf(pairs).Slice(1, half);
        return TensorOf((a * a + b * b + offset).Apply("Sqrt"), pairs.Batch, half, pairs.Length);
    }

    /// <inheritdoc/>
    public override Tensor Sqrt(Tensor x, float offset) => Like(x, (ValueOf(x) + offset).Apply("Sqrt"));

    /// <inheritdoc/>
    public override Tensor Log(Tensor x, float offset) => Like(x, (offset == 0 ? ValueOf(x) : ValueOf(x) + offset).Apply("Log"));

    /// <inheritdoc/>
    public override Tensor Clamp(Tensor x, float low, float high) => Like(x, graph.Node("Clip", [ValueOf(x), graph.Scalar(low), graph.Scalar(high)]));

    /// <inheritdoc/>
    public override Tensor LeakyRelu(Tensor x) => Like(x, graph.Node("LeakyRelu", [ValueOf(x)], ("alpha", 0.1f)));

    /// <inheritdoc/>
    public override Tensor Relu(Tensor x) => Like(x, ValueOf(x).Apply("Relu"));

    /// <inheritdoc/>
    public override Tensor Affine(Tensor x, Tensor logScale, Tensor shift) => Like(x, ValueOf(x) * ValueOf(logScale).Apply("Exp") + ValueOf(shift));

    /// <inheritdoc/>
    public override Tensor AffineInverse(Tensor x, Tensor logScale, Tensor shift) =>
        Like(x, (ValueOf(x) - ValueOf(shift)) * ValueOf(logScale).Apply("Neg").Apply("Exp"));

    /// <inheritdoc/>
    public override Tensor ChannelAffine(Tensor x, Tensor logScale, Tensor shift) => Like(x, ValueOf(x) * Exponential(logScale, 1) + ValueOf(shift));

    /// <inheritdoc/>
    public override Tensor ChannelAffineInverse(Tensor x, Tensor logScale, Tensor shift) => Like(x, (ValueOf(x) - ValueOf(shift)) * Exponential(logScale, -1));

    /// <inheritdoc/>
    public override Tensor ChannelScale(Tensor x, Tensor factor) => Like(x, ValueOf(x) * ValueOf(factor));

    /// <inheritdoc/>
    public override Tensor LogSoftmax(Tensor x) => Like(x, graph.Node("LogSoftmax", [ValueOf(x)], ("axis", 1)));

    /// <inheritdoc/>
    public override Tensor Spline(Tensor x, Tensor parameters, float bound) => throw Missing(nameof(Spline));

    /// <inheritdoc/>
    public override Tensor SplineInverse(Tensor y, Tensor parameters, float bound) => throw Missing(nameof(SplineInverse));

    /// <inheritdoc/>
    public override Tensor SumTime(Tensor x) => throw Missing(nameof(SumTime));

    /// <inheritdoc/>
    public override Tensor WeightNorm(Tensor v, Tensor gain) => throw Missing(nameof(WeightNorm));

    /// <inheritdoc/>
    public override Tensor SpectralNorm(Tensor weight, float bound) => throw Missing(nameof(SpectralNorm));

    /// <inheritdoc/>
    public override Tensor TransposedWeight(Tensor weight, int stride) => throw Missing(nameof(TransposedWeight));

    /// <inheritdoc/>
    public override Tensor ComposeLu(Tensor triangles, Tensor logDiagonal, Tensor sign, Tensor permutation) => throw Missing(nameof(ComposeLu));

    /// <inheritdoc/>
    public override Tensor Invert(Tensor matrix) => throw Missing(nameof(Invert));

    /// <inheritdoc/>
    public override Tensor LogAbsDetOfSteps(Tensor matrices) => throw Missing(nameof(LogAbsDetOfSteps));

    /// <inheritdoc/>
    public override Tensor AllPole(Tensor x, Tensor taps, Tensor gains) => throw Missing(nameof(AllPole));

    /// <inheritdoc/>
    public override Tensor AllPoleInverse(Tensor x, Tensor taps, Tensor gains) => throw Missing(nameof(AllPoleInverse));
}
