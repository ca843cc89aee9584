using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

public class GradientTests
{
    private readonly Random _random = new(1);

    private Tensor Normal(int batch, int channels, int length, double scale = 1) => Samples.Normal(_random, batch, channels, length, scale);

    [Theory]
    [InlineData(1, 0, 0, 0)]
    [InlineData(2, 4, 0, 0)]
    [InlineData(3, 1, 2, 4)]
    [InlineData(1, 2, 6, 1)]
    public void Conv1d(int dilation, int left, int first, int rows) => GradientCheck.Run(
        (ops, i) => ops.Conv1d(i[0], i[1], i[2], new ConvShape(dilation, left, first, rows), i[3]),
        Normal(2, 5, 9), Normal(7, 5, 3), Normal(1, 7, 1), Normal(2, rows == 0 ? 7 : rows, 9));

    [Fact]
    public void Conv1d_with_all_slices_of_one_weight() => GradientCheck.Run(
        (ops, i) => ops.Add(ops.Conv1d(i[0], i[1], i[2], new ConvShape(Rows: 3)), ops.Tanh(ops.Conv1d(i[0], i[1], i[2], new ConvShape(FirstRow: 3)))),
        Normal(2, 4, 5), Normal(6, 4, 1, 0.5), Normal(1, 6, 1));

    [Fact]
    public void Gate() => GradientCheck.Run((ops, i) => ops.Gate(i[0]), Normal(2, 6, 5));

    [Fact]
    public void Add() => GradientCheck.Run((ops, i) => ops.Add(i[0], i[1]), Normal(2, 3, 5), Normal(2, 3, 5));

    [Fact]
    public void Multiply() => GradientCheck.Run((ops, i) => ops.Multiply(i[0], i[1]), Normal(2, 3, 5), Normal(2, 3, 5));

    [Fact]
    public void Scale() => GradientCheck.Run((ops, i) => ops.Scale(i[0], -2.5f), Normal(2, 3, 5));

    [Fact]
    public void Magnitude() => GradientCheck.Run((ops, i) => ops.Magnitude(i[0], 0.3f), Normal(2, 6, 5));

    [Fact]
    public void Sqrt() => GradientCheck.Run((ops, i) => ops.Sqrt(ops.Multiply(i[0], i[0]), 0.75f), Normal(2, 3, 5));

    [Fact]
    public void Log() => GradientCheck.Run((ops, i) => ops.Log(ops.Multiply(i[0], i[0]), 0.75f), Normal(2, 3, 5));

    [Fact]
    public void Sqrt_and_log_of_a_parameter_beside_another_use()
    {
        Tensor positive = Normal(2, 3, 4);
        for (int i = 0; i < positive.Size; i++) positive.Span[i] = 1 + Math.Abs(positive.Span[i]);
        GradientCheck.Run((ops, i) => ops.Add(ops.Sqrt(i[0], 0.5f), ops.Multiply(ops.Log(i[0], -0.25f), i[0])), positive);
    }

    [Fact]
    public void Lstm() => GradientCheck.Run((ops, i) => ops.Lstm(i[0], i[1], i[2], i[3], i[4]), Normal(1, 20, 6), Normal(20, 5, 1, 0.5), Normal(1, 20, 1),
        Normal(1, 5, 1), Normal(1, 5, 1));

    [Fact]
    public void Lstm_over_one_step_and_over_itself() => GradientCheck.Run((ops, i) =>
        ops.Lstm(ops.Concat(ops.Lstm(i[0], i[1], i[2], i[3], i[3]), ops.Lstm(i[0], i[1], i[2], i[3], i[3])), i[1], i[2], i[3], i[3]),
        Normal(1, 8, 1), Normal(8, 2, 1, 0.5), Normal(1, 8, 1), Normal(1, 2, 1));

    [Fact]
    public void AdditiveScores() => GradientCheck.Run((ops, i) => ops.AdditiveScores(i[0], i[1], i[2]), Normal(1, 5, 6), Normal(1, 5, 7), Normal(1, 5, 1));

    [Fact]
    public void Exp() => GradientCheck.Run((ops, i) => ops.Exp(i[0]), Normal(2, 3, 5));

    [Fact]
    public void Tanh() => GradientCheck.Run((ops, i) => ops.Tanh(i[0]), Normal(2, 3, 5));

    [Fact]
    public void LeakyRelu()
    {
        Tensor x = Normal(2, 3, 5);
        // Away from the kink, which central differences would straddle.
        foreach (ref float v in x.Span) v += v > 0 ? 0.2f : -0.2f;
        GradientCheck.Run((ops, i) => ops.LeakyRelu(i[0]), x);
    }

    [Fact]
    public void Relu()
    {
        Tensor x = Normal(2, 3, 5);
        foreach (ref float v in x.Span) v += v > 0 ? 0.2f : -0.2f;
        GradientCheck.Run((ops, i) => ops.Relu(i[0]), x);
    }

    [Fact]
    public void Take() => GradientCheck.Run((ops, i) => ops.Take(i[0], [2, 0, -1, 2, 1, 2]), Normal(3, 2, 5));

    [Fact]
    public void Take_of_joined_items() => GradientCheck.Run((ops, i) => ops.Multiply(ops.Take(i[0], [1, -1, 0, 1], 2), i[1]), Normal(2, 3, 4), Normal(2, 6, 4));

    [Fact]
    public void Affine() => GradientCheck.Run((ops, i) => ops.Affine(i[0], i[1], i[2]), Normal(2, 3, 5), Normal(2, 3, 5, 0.5), Normal(2, 3, 5));

    [Fact]
    public void AffineInverse() => GradientCheck.Run((ops, i) => ops.AffineInverse(i[0], i[1], i[2]), Normal(2, 3, 5), Normal(2, 3, 5, 0.5), Normal(2, 3, 5));

    [Fact]
    public void ChannelAffine() => GradientCheck.Run((ops, i) => ops.ChannelAffine(i[0], i[1], i[2]), Normal(2, 3, 5), Normal(1, 3, 1, 0.5), Normal(1, 3, 1));

    [Fact]
    public void ChannelScale() => GradientCheck.Run((ops, i) => ops.ChannelScale(i[0], i[1]), Normal(2, 3, 5), Normal(1, 3, 1));

    [Fact]
    public void ChannelAffineInverse() =>
        GradientCheck.Run((ops, i) => ops.ChannelAffineInverse(i[0], i[1], i[2]), Normal(2, 3, 5), Normal(1, 3, 1, 0.5), Normal(1, 3, 1));

    [Fact]
    public void Mix() => GradientCheck.Run((ops, i) => ops.Mix(i[0], i[1]), Normal(2, 3, 20), Normal(2, 3, 5));

    [Fact]
    public void Slice() => GradientCheck.Run((ops, i) => ops.Slice(i[0], 1, 3), Normal(2, 5, 4));

    [Fact]
    public void Concat() => GradientCheck.Run((ops, i) => ops.Concat(i[0], i[1]), Normal(2, 3, 4), Normal(2, 2, 4));

    [Fact]
    public void Crop() => GradientCheck.Run((ops, i) => ops.Crop(i[0], 2, 4), Normal(2, 3, 8));

    [Fact]
    public void Reshape() => GradientCheck.Run((ops, i) => ops.Reshape(i[0], 4, 1, 9), Normal(2, 2, 9));

    [Fact]
    public void Transpose() => GradientCheck.Run((ops, i) => ops.Transpose(i[0]), Normal(2, 11, 9));

    [Fact]
    public void Fold() => GradientCheck.Run((ops, i) => ops.Fold(i[0], 3), Normal(2, 2, 9));

    [Fact]
    public void Unfold() => GradientCheck.Run((ops, i) => ops.Unfold(i[0], 3), Normal(2, 6, 4));

    [Fact]
    public void Sum() => GradientCheck.Run((ops, i) => ops.Sum(i[0]), Normal(2, 3, 4));

    [Fact]
    public void OverSteps()
    {
        Tensor x = Normal(2, 3, 4);
        Assert.Equal(-3f * 0.5f * 2 * 4, new CpuOps().OverSteps(Tensor.From([-3], 1, 1, 1), x, 0.5f).Item);
        GradientCheck.Run((ops, i) => ops.OverSteps(i[0], x, 0.5f), Normal(1, 1, 1));
    }

    [Fact]
    public void SumSquares() => GradientCheck.Run((ops, i) => ops.SumSquares(i[0]), Normal(2, 3, 4));

    [Fact]
    public void LogSoftmax() => GradientCheck.Run((ops, i) => ops.LogSoftmax(i[0]), Normal(2, 5, 4));

    [Fact]
    public void WeightNorm() => GradientCheck.Run((ops, i) => ops.WeightNorm(i[0], i[1]), Normal(3, 4, 3), Normal(3, 1, 1));

    [Fact]
    public void TransposedWeight() => GradientCheck.Run((ops, i) => ops.TransposedWeight(i[0], 3), Normal(3, 2, 7));

    [Fact]
    public void ComposeLu()
    {
        Tensor sign = Tensor.From([1, -1, -1, 1], 1, 4, 1), permutation = Tensor.From([2, 0, 3, 1], 1, 4, 1), triangles = Normal(4, 4, 1);
        // The diagonal of the triangles is ignored, so its gradient is zero.
        GradientCheck.Run((ops, i) => ops.ComposeLu(i[0], i[1], sign, permutation), triangles, Normal(1, 4, 1, 0.5));
        Assert.All(Enumerable.Range(0, 4), d => Assert.Equal(0f, triangles.Grad!.Span[5 * d]));
        Assert.Null(sign.Grad);
    }

    [Fact]
    public void LogAbsDet() => GradientCheck.Run((ops, i) => ops.LogAbsDet(i[0]), FarFromSingular());

    [Fact]
    public void Invert() => GradientCheck.Run((ops, i) => ops.Invert(i[0]), FarFromSingular());

    private Tensor FarFromSingular()
    {
        Tensor matrix = Normal(5, 5, 1, 0.3);
        for (int i = 0; i < 5; i++) matrix.Span[6 * i] += i % 2 == 0 ? 2 : -2;
        return matrix;
    }

    [Fact]
    public void A_tensor_used_several_times_collects_every_gradient() => GradientCheck.Run(
        (ops, i) =>
        {
            Tensor hidden = ops.Conv1d(i[0], i[1], null, new ConvShape(1, 1), i[0]);
            return ops.Add(ops.Multiply(hidden, ops.Tanh(hidden)), ops.Gate(ops.Concat(hidden, i[0])));
        },
        Normal(2, 3, 6), Normal(3, 3, 3, 0.4));

    [Fact]
    public void A_gate_of_a_parameter_beside_another_use() => GradientCheck.Run((ops, i) => ops.Concat(ops.Gate(i[0]), ops.Scale(i[0], 3f)), Normal(2, 4, 3));
}
