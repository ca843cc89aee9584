using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

/// <summary>A random gated layer with its results by naive loops in double.</summary>
internal sealed record GatedLayerCase(Tensor X, Tensor? Condition, Tensor? SkipBefore, GatedLayer Layer)
{
    /// <summary>Every fourth has more channels than a tile of columns (64), the others few and odd ones.</summary>
    public static GatedLayerCase Draw(int seed)
    {
        var random = new Random(seed);
        int most = seed % 4 == 3 ? 90 : 20, least = seed % 4 == 3 ? 65 : 1;
        int batch = random.Next(1, 3), inputs = random.Next(1, most), channels = random.Next(least, most);
        int told = random.Next(1, most), sums = random.Next(1, most);
        int length = seed % 8 == 6 ? random.Next(1, 16) : random.Next(16, 260);
        int taps = random.Next(1, 4), dilation = random.Next(1, 10), span = (taps - 1) * dilation;
        int left = (seed % 3) switch { 0 => span, 1 => span / 2, _ => random.Next(span + 1) };
        ConvWeights? Weights(int outputs, int inputs, int taps, ConvShape shape) => new(
            Samples.Normal(random, outputs, inputs, taps, 1 / Math.Sqrt(inputs * taps)),
            random.Next(2) == 0 ? null : Samples.Normal(random, 1, outputs, 1), shape);
        ConvWeights? condition = (seed % 6) switch
        {
            0 or 1 or 3 => Weights(6 * channels, told, 1, new ConvShape(1, 0, 4 * channels, 2 * channels)),
            4 => Weights(2 * channels, told, 2, new ConvShape(1, 1)),
            _ => null,
        };
        return new GatedLayerCase(
            Samples.Normal(random, batch, inputs, length),
            condition == null ? null : Samples.Normal(random, batch, told, length),
            random.Next(2) == 0 ? null : Samples.Normal(random, batch, sums, length),
            new GatedLayer(Weights(2 * channels, inputs, taps, new ConvShape(dilation, left))!.Value, condition,
                random.Next(3) == 0 ? null : Weights(inputs, channels, 1, default), Weights(sums + 3, channels, 1, new ConvShape(1, 0, 3, sums))!.Value));
    }

    public (float[]? Hidden, float[] Skip) Run(CpuOps ops)
    {
        var (hidden, skip) = ops.GatedLayer(X, Condition, SkipBefore, Layer);
        return (hidden?.Span.ToArray(), skip.Span.ToArray());
    }

    public (double[]? Hidden, double[] Skip) Naive()
    {
        double[] filtered = Convolve(Doubles(X)!, Layer.Filter, X.Length);
        if (Layer.Condition is { } told) filtered = [.. filtered.Zip(Convolve(Doubles(Condition)!, told, X.Length), (a, b) => a + b)];
        int half = filtered.Length / X.Batch / 2;
        double[] gated = [.. Enumerable.Range(0, X.Batch * half).Select(i => i / half * 2 * half + i % half)
            .Select(i => Math.Tanh(filtered[i]) / (1 + Math.Exp(-filtered[i + half])))];
        double[] Sum(ConvWeights convolution, Tensor? add) =>
            [.. Convolve(gated, convolution, X.Length).Zip(Doubles(add) ?? new double[X.Batch * convolution.Rows * X.Length], (a, b) => a + b)];
        return (Layer.Residual is { } residual ? Sum(residual, X) : null, Sum(Layer.Skip, SkipBefore));
    }

    private static double[]? Doubles(Tensor? tensor) => tensor == null ? null : [.. tensor.Span.ToArray().Select(v => (double)v)];

    private double[] Convolve(double[] x, ConvWeights convolution, int length)
    {
        var (weight, bias, shape, _) = convolution;
        var y = new double[X.Batch * convolution.Rows * length];
        for (int i = 0; i < y.Length; i++)
        {
            int t = i % length, o = shape.FirstRow + i / length % convolution.Rows, b = i / length / convolution.Rows;
            y[i] = bias == null ? 0 : bias.Span[o];
            for (int c = 0; c < weight.Channels; c++)
                for (int k = 0; k < weight.Length; k++)
                {
                    int s = t + k * Math.Max(1, shape.Dilation) - shape.Left;
                    if (s >= 0 && s < length) y[i] += (double)weight.Row(o, c)[k] * x[(b * weight.Channels + c) * length + s];
                }
        }
        return y;
    }
}
