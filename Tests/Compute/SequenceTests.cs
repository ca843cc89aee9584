using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

/// <summary>Long short-term memory and additive attention against their formulas in double, at every width of a vector.</summary>
[Collection(SimdCollection.Name)]
public class SequenceTests
{
    private readonly Random _random = new(11);

    private Tensor Normal(int batch, int channels, int length, double scale = 1) => Samples.Normal(_random, batch, channels, length, scale);

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    [Theory]
    [InlineData(37, 9), InlineData(1, 1), InlineData(16, 30)]
    public void Lstm_is_its_formula(int channels, int steps) => SimdCollection.AtEachWidth(_ =>
    {
        Tensor x = Normal(1, 4 * channels, steps), weight = Normal(4 * channels, channels, 1, 0.3), bias = Normal(1, 4 * channels, 1),
            hidden = Normal(1, channels, 1), cell = Normal(1, channels, 1), y = new CpuOps().Lstm(x, weight, bias, hidden, cell);
        Assert.Equal((1, 2 * channels, steps), (y.Batch, y.Channels, y.Length));
        double[] h = [.. hidden.Span.ToArray()], c = [.. cell.Span.ToArray()];
        for (int t = 0; t < steps; t++)
        {
            double[] gates = [.. Enumerable.Range(0, 4 * channels).Select(
                r => x.Row(0, r)[t] + bias.Span[r] + h.Select((value, j) => value * weight.Span[r * channels + j]).Sum())];
            for (int j = 0; j < channels; j++)
                c[j] = Sigmoid(gates[channels + j]) * c[j] + Sigmoid(gates[j]) * Math.Tanh(gates[2 * channels + j]);
            h = [.. c.Select((value, j) => Sigmoid(gates[3 * channels + j]) * Math.Tanh(value))];
            for (int j = 0; j < channels; j++)
            {
                Assert.Equal(h[j], y.Row(0, j)[t], 2e-5);
                Assert.Equal(c[j], y.Row(0, channels + j)[t], 2e-5);
            }
        }
    });

    [Theory]
    [InlineData(37, 9, 11), InlineData(1, 1, 1), InlineData(16, 5, 40)]
    public void Additive_scores_are_their_formula(int channels, int steps, int positions) => SimdCollection.AtEachWidth(_ =>
    {
        Tensor queries = Normal(1, channels, steps), keys = Normal(1, channels, positions), weight = Normal(1, channels, 1),
            y = new CpuOps().AdditiveScores(queries, keys, weight);
        Assert.Equal((steps, positions, 1), (y.Batch, y.Channels, y.Length));
        for (int t = 0; t < steps; t++)
            for (int n = 0; n < positions; n++)
            {
                double expected = Enumerable.Range(0, channels).Sum(a => weight.Span[a] * Math.Tanh(queries.Row(0, a)[t] + keys.Row(0, a)[n]));
                Assert.Equal(expected, y.Row(t, n)[0], 2e-5);
            }
    });

    // What engines without these operations compute, gradients included: all of one random sum of the result.
    [Fact]
    public void Both_are_what_they_are_made_of_in_other_engines()
    {
        void Compare(Func<Ops, Tensor[], Tensor> own, Func<Ops, Tensor[], Tensor> composed, params Tensor[] inputs)
        {
            float[][] Run(Func<Ops, Tensor[], Tensor> function)
            {
                Tensor[] parameters = [.. inputs.Select(i => Tensor.From(i.Span.ToArray(), i.Batch, i.Channels, i.Length).AsParameter())];
                var tape = new Tape();
                var ops = new CpuOps(tape: tape);
                Tensor y = function(ops, parameters);
                float[] values = y.Span.ToArray();
                tape.Backward(ops.SumSquares(ops.Exp(y)));
                return [values, .. parameters.Select(p => p.Grad!.Span.ToArray())];
            }
            foreach (var (a, b) in Run(own).Zip(Run(composed)))
            {
                double most = b.Max(v => Math.Abs((double)v));
                for (int i = 0; i < a.Length; i++) Assert.Equal(b[i], a[i], 1e-5 * most);
            }
        }
        Compare((ops, i) => ops.Lstm(i[0], i[1], i[2], i[3], i[4]), (ops, i) => ComposedOperations.Lstm(ops, i[0], i[1], i[2], i[3], i[4]),
            Normal(1, 4 * 19, 12), Normal(4 * 19, 19, 1, 0.3), Normal(1, 4 * 19, 1), Normal(1, 19, 1), Normal(1, 19, 1));
        Compare((ops, i) => ops.AdditiveScores(i[0], i[1], i[2]), (ops, i) => ComposedOperations.AdditiveScores(ops, i[0], i[1], i[2]),
            Normal(1, 19, 12), Normal(1, 19, 7), Normal(1, 19, 1, 0.3));
    }
}
