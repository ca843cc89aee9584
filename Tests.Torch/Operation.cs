using FlowVocoder.Compute;
using FlowVocoder.Tests.Compute;

namespace FlowVocoder.Tests.Torch;

/// <summary>An operation of the seam on inputs of random shapes; the first inputs have gradients, <see cref="Fixed"/> has none.</summary>
internal sealed record Operation(string Name, Func<Random, Tensor[]> Draw, Func<Ops, Tensor[], Tensor[], Tensor> Apply, Func<Random, Tensor[],
    Tensor[]>? Fixed = null)
{
    public static IReadOnlyList<Operation> All { get; } =
    [
        new("Conv1d", r => [X(r, 5), N(r, 7, 5, 3), N(r, 1, 7, 1)], (o, i, _) => o.Conv1d(i[0], i[1], i[2], new ConvShape(2, 4))),
        new("Conv1d", r => [X(r, 5), N(r, 7, 5, 4), N(r, 1, 7, 1)], (o, i, _) => o.Conv1d(i[0], i[1], i[2], new ConvShape(1, 2, 2, 4))),
        new("Conv1d", r => [X(r, 3), N(r, 3, 3, 1)], (o, i, _) => o.Conv1d(i[0], i[1], null, add: i[0])),
        new("Delay", r => [X(r, 3)], (o, i, _) => o.Delay(i[0], "d")),
        new("Gate", r => [X(r, 6)], (o, i, _) => o.Gate(i[0])),
        new("GatedLayer", r => [X(r, 5), N(r, 8, 5, 3), N(r, 1, 8, 1), N(r, 9, 4, 1)], (o, i, _) =>
        {
            var (hidden, skip) = o.GatedLayer(i[0], i[0], null, new GatedLayer(new ConvWeights(i[1], i[2], new ConvShape(2, 4)), new ConvWeights(i[1], i[2],
                new ConvShape(1, 2)), new ConvWeights(i[3], null, new ConvShape(Rows: 5)), new ConvWeights(i[3], null, new ConvShape(FirstRow: 5))));
            return o.Concat(hidden!, skip);
        }),
        new("Add", Pair, (o, i, _) => o.Add(i[0], i[1])),
        new("Multiply", Pair, (o, i, _) => o.Multiply(i[0], i[1])),
        new("Scale", r => [X(r, 4)], (o, i, _) => o.Scale(i[0], -1.7f)),
        new("Exp", r => [X(r, 4)], (o, i, _) => o.Exp(i[0])),
        new("Tanh", r => [X(r, 4)], (o, i, _) => o.Tanh(i[0])),
        new("Magnitude", r => [X(r, 4)], (o, i, _) => o.Magnitude(i[0], 1e-3f)),
        new("Sqrt", r => [Positive(X(r, 4))], (o, i, _) => o.Sqrt(i[0], 1e-3f)),
        new("Log", r => [Positive(X(r, 4))], (o, i, _) => o.Log(i[0], 1e-3f)),
        new("Clamp", r => [X(r, 4)], (o, i, _) => o.Clamp(i[0], -0.5f, 0.8f)),
        new("LeakyRelu", r => [X(r, 4)], (o, i, _) => o.LeakyRelu(i[0])),
        new("Relu", r => [X(r, 4)], (o, i, _) => o.Relu(i[0])),
        new("Affine", Three, (o, i, _) => o.Affine(i[0], i[1], i[2])),
        new("AffineInverse", Three, (o, i, _) => o.AffineInverse(i[0], i[1], i[2])),
        new("ChannelAffine", r => [X(r, 4), N(r, 1, 4, 1), N(r, 1, 4, 1)], (o, i, _) => o.ChannelAffine(i[0], i[1], i[2])),
        new("ChannelAffineInverse", r => [X(r, 4), N(r, 1, 4, 1), N(r, 1, 4, 1)], (o, i, _) => o.ChannelAffineInverse(i[0], i[1], i[2])),
        new("ChannelScale", r => [X(r, 4), N(r, 1, 4, 1)], (o, i, _) => o.ChannelScale(i[0], i[1])),
        new("Spline", r => [X(r, 2), N(r, 1, 2 * 14, 1)], (o, i, _) => o.Spline(i[0], i[1], 1.5f)),
        new("Spline", r => Conditioned(r, 8), (o, i, _) => o.Spline(i[0], i[1], 1.5f)),
        new("SplineInverse", r => [X(r, 2), N(r, 1, 2 * 14, 1)], (o, i, _) => o.SplineInverse(i[0], i[1], 1.5f)),
        new("SplineInverse", r => Conditioned(r, 5), (o, i, _) => o.SplineInverse(i[0], i[1], 1.5f)),
        new("Mix", r => Mixed(r), (o, i, _) => o.Mix(i[0], i[1])),
        new("Slice", r => [X(r, 6)], (o, i, _) => o.Slice(i[0], 1, 3)),
        new("Concat", r => Pair(r), (o, i, _) => o.Concat(i[0], o.Slice(i[1], 0, 2))),
        new("Take", r => [N(r, 4, 3, r.Next(1, 30))], (o, i, _) => o.Take(i[0], [2, -1, 3, 3, 0, -1], 2)),
        new("Crop", r => [N(r, 2, 3, r.Next(10, 40))], (o, i, _) => o.Crop(i[0], 2, 7)),
        new("Fold", r => [N(r, 2, 3, 4 * r.Next(1, 20))], (o, i, _) => o.Fold(i[0], 4)),
        new("Unfold", r => [X(r, 8)], (o, i, _) => o.Unfold(i[0], 4)),
        new("Reshape", r => [X(r, 6)], (o, i, _) => o.Reshape(i[0], 1, 2, i[0].Size / 2)),
        new("Transpose", r => [X(r, 6)], (o, i, _) => o.Transpose(i[0])),
        new("AllPole", r => [N(r, 2, 1, 7 * 16)], (o, i, f) => o.AllPole(i[0], f[0], f[1]), (r, _) => Predictors(r, 2, 7, 8)),
        new("AllPole", r => [N(r, 1, 1, 5 * 6)], (o, i, f) => o.AllPole(i[0], f[0], f[1]), (r, _) => Predictors(r, 1, 5, 9)),
        new("AllPoleInverse", r => [N(r, 2, 1, 7 * 16)], (o, i, f) => o.AllPoleInverse(i[0], f[0], f[1]), (r, _) => Predictors(r, 2, 7, 8)),
        new("Stft", r => [N(r, 2, 1, r.Next(64, 200))], (o, i, f) => o.Stft(i[0], f[0], 16), (r, _) => [N(r, 1, 1, 32)]),
        new("OverlapAdd", r => [N(r, 2, 34, r.Next(1, 12))], (o, i, f) => o.OverlapAdd(i[0], f[0], 8), (r, _) => [N(r, 1, 1, 32)]),
        new("OverlapAdd", r => [N(r, 2, 34, 6), N(r, 2, 1, 5 * 8 + 32)], (o, i, f) => o.OverlapAdd(i[0], f[0], 8, i[1]), (r, _) => [N(r, 1, 1, 32)]),
        new("Sum", r => [X(r, 4)], (o, i, _) => o.Sum(i[0])),
        new("OverSteps", r => [N(r, 1, 1, 1)], (o, i, f) => o.OverSteps(i[0], f[0], -0.5f), (r, _) => [N(r, 2, 3, 5)]),
        new("SumTime", r => [X(r, 4)], (o, i, _) => o.SumTime(i[0])),
        new("SumSquares", r => [X(r, 4)], (o, i, _) => o.SumSquares(i[0])),
        new("Lstm", r => [N(r, 1, 20, r.Next(1, 12)), N(r, 20, 5, 1), N(r, 1, 20, 1), N(r, 1, 5, 1), N(r, 1, 5, 1)],
            (o, i, _) => o.Lstm(i[0], i[1], i[2], i[3], i[4])),
        new("AdditiveScores", r => [N(r, 1, 6, r.Next(1, 20)), N(r, 1, 6, r.Next(1, 20)), N(r, 1, 6, 1)], (o, i, _) => o.AdditiveScores(i[0], i[1], i[2])),
        new("LogSoftmax", r => [X(r, 7)], (o, i, _) => o.LogSoftmax(i[0])),
        new("WeightNorm", r => [N(r, 5, 3, 4), N(r, 5, 1, 1)], (o, i, _) => o.WeightNorm(i[0], i[1])),
        new("SpectralNorm", r => [N(r, 6, 4, 1)], (o, i, _) => o.SpectralNorm(i[0], 0.9f)),
        new("SpectralNorm", r => [N(r, 6, 4, 1)], (o, i, _) => o.SpectralNorm(i[0], 900f)),
        new("TransposedWeight", r => [N(r, 3, 4, 7)], (o, i, _) => o.TransposedWeight(i[0], 3)),
        new("ComposeLu", r => [N(r, 4, 4, 1), N(r, 1, 4, 1)], (o, i, f) => o.ComposeLu(i[0], i[1], f[0], f[1]),
            (_, _) => [Tensor.From([1, -1, 1, -1], 1, 4, 1), Tensor.From([2, 0, 3, 1], 1, 4, 1)]),
        new("Invert", r => [Regular(r, 5)], (o, i, _) => o.Invert(i[0])),
        new("LogAbsDet", r => [Regular(r, 5)], (o, i, _) => o.LogAbsDet(i[0])),
        new("LogAbsDetOfSteps", r => [X(r, 9)], (o, i, _) => o.LogAbsDetOfSteps(i[0])),
    ];

    public override string ToString() => Name;

    private static Tensor N(Random random, int batch, int channels, int length) => Samples.Normal(random, batch, channels, length);

    private static Tensor X(Random random, int channels) => N(random, random.Next(1, 4), channels, random.Next(1, 80));

    private static Tensor[] Same(Random random, int count)
    {
        int batch = random.Next(1, 4), length = random.Next(1, 80);
        return [.. Enumerable.Range(0, count).Select(_ => N(random, batch, 4, length))];
    }

    private static Tensor[] Pair(Random random) => Same(random, 2);

    private static Tensor[] Three(Random random) => Same(random, 3);

    private static Tensor[] Conditioned(Random random, int bins)
    {
        int batch = random.Next(1, 4), length = random.Next(1, 80);
        return [N(random, batch, 3, length), N(random, batch, 3 * (3 * bins - 1), length)];
    }

    private static Tensor[] Mixed(Random random)
    {
        int batch = random.Next(1, 4), steps = random.Next(1, 20);
        return [N(random, batch, 3, 5 * steps), N(random, batch, 3, steps)];
    }

    private static Tensor Positive(Tensor x)
    {
        foreach (ref float value in x.Span) value = Math.Abs(value);
        return x;
    }

    private static Tensor Regular(Random random, int n)
    {
        Tensor matrix = N(random, n, n, 1);
        for (int i = 0; i < n; i++) matrix.Span[i * n + i] += 3;
        return matrix;
    }

    // Taps of filters that die away: Σ|a| is below 1.
    private static Tensor[] Predictors(Random random, int batch, int blocks, int order)
    {
        Tensor taps = N(random, batch, blocks, order), gains = Positive(N(random, batch, blocks, 1));
        for (int i = 0; i < batch * blocks; i++)
        {
            Span<float> a = taps.Span.Slice(i * order, order);
            float sum = 0;
            foreach (float tap in a) sum += Math.Abs(tap);
            foreach (ref float tap in a) tap *= 0.95f / sum;
            gains.Span[i] += 0.5f;
        }
        return [taps, gains];
    }
}
