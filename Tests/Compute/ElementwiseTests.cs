using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

[Collection(SimdCollection.Name)]
public class ElementwiseTests
{
    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    // Name, the operation on (a, b, c), and the same in double; b is scaled down where it is an exponent.
    private static readonly (string Name, Func<Ops, Tensor, Tensor, Tensor, Tensor> Run, Func<double, double, double, double> Naive)[] Operations =
    [
        ("Add", (ops, a, b, c) => ops.Add(a, b), (a, b, c) => a + b),
        ("Multiply", (ops, a, b, c) => ops.Multiply(a, b), (a, b, c) => a * b),
        ("Scale", (ops, a, b, c) => ops.Scale(a, -1.75f), (a, b, c) => -1.75 * a),
        ("Tanh", (ops, a, b, c) => ops.Tanh(a), (a, b, c) => Math.Tanh(a)),
        ("Sqrt", (ops, a, b, c) => ops.Sqrt(ops.Multiply(a, a), 0.25f), (a, b, c) => Math.Sqrt(a * a + 0.25)),
        // The offset keeps the logarithm away from 0, where a relative error has no bound.
        ("Log", (ops, a, b, c) => ops.Log(ops.Multiply(a, a), 3f), (a, b, c) => Math.Log(a * a + 3)),
        ("LeakyRelu", (ops, a, b, c) => ops.LeakyRelu(a), (a, b, c) => a > 0 ? a : 0.1 * a),
        ("Relu", (ops, a, b, c) => ops.Relu(a), (a, b, c) => a > 0 ? a : 0),
        ("Affine", (ops, a, b, c) => ops.Affine(a, b, c), (a, b, c) => a * Math.Exp(b) + c),
        ("AffineInverse", (ops, a, b, c) => ops.AffineInverse(a, b, c), (a, b, c) => (a - c) * Math.Exp(-b)),
    ];

    public static TheoryData<int> All => [.. Enumerable.Range(0, Operations.Length)];

    [Theory, MemberData(nameof(All))]
    public void Equals_the_formula_in_double_and_is_the_same_at_every_width_and_thread_count(int index)
    {
        var (name, run, naive) = Operations[index];
        var random = new Random(index);
        // Small shapes exercise every tail; the last is divided between threads.
        foreach (var (batch, channels, length) in Enumerable.Range(1, 40).Select(n => (n % 3 + 1, n % 7 + 1, n)).Append((2, 5, 4001)))
        {
            Tensor a = Samples.Normal(random, batch, channels, length), b = Samples.Normal(random, batch, channels, length),
                c = Samples.Normal(random, batch, channels, length);
            float[]? reference = null;
            SimdCollection.AtEachWidth(bits =>
            {
                for (int threads = 1; threads <= 3; threads++)
                {
                    float[] y = run(new CpuOps(new Parallelism(threads)), a, b, c).Span.ToArray();
                    reference ??= y;
                    Samples.SameBits(reference, y, $"{name} of {a.Shape}, {bits} bits, {threads} threads");
                }
            });
            for (int i = 0; i < a.Size; i++)
            {
                double expected = naive(a.Span[i], b.Span[i], c.Span[i]);
                double scale = Math.Abs(expected) + (name.StartsWith("Affine", StringComparison.Ordinal)
                    ? Math.Exp(Math.Abs(b.Span[i])) * (Math.Abs(a.Span[i]) + Math.Abs(c.Span[i])) : 0);
                Assert.True(Math.Abs(reference![i] - expected) <= 4e-7 * scale, $"{name}: {reference[i]:R}, expected {expected:R}");
            }
        }
    }

    [Fact]
    public void Gate_multiplies_the_halves_of_each_batch_item()
    {
        var random = new Random(10);
        foreach (var (batch, half, length) in new[] { (1, 1, 1), (3, 5, 7), (2, 3, 33), (1, 9, 16), (2, 17, 2003) })
        {
            Tensor x = Samples.Normal(random, batch, 2 * half, length, 2);
            float[]? reference = null;
            SimdCollection.AtEachWidth(bits =>
            {
                for (int threads = 1; threads <= 3; threads++)
                {
                    float[] y = new CpuOps(new Parallelism(threads)).Gate(x).Span.ToArray();
                    reference ??= y;
                    Samples.SameBits(reference, y, $"{x.Shape}, {bits} bits, {threads} threads");
                }
            });
            for (int b = 0; b < batch; b++)
                for (int c = 0; c < half; c++)
                    for (int t = 0; t < length; t++)
                    {
                        double expected = Math.Tanh(x.Row(b, c)[t]) * Sigmoid(x.Row(b, half + c)[t]);
                        Assert.Equal(expected, reference![(b * half + c) * length + t], 6e-7 * Math.Abs(expected));
                    }
        }
    }

    [Fact]
    public void Channel_affine_and_its_inverse_equal_the_formula_at_every_thread_count()
    {
        var random = new Random(11);
        foreach (var (batch, channels, length) in new[] { (1, 1, 1), (3, 5, 17), (2, 9, 4001) })
        {
            Tensor x = Samples.Normal(random, batch, channels, length), s = Samples.Normal(random, 1, channels, 1),
                shift = Samples.Normal(random, 1, channels, 1);
            float[][] reference = [];
            for (int threads = 1; threads <= 3; threads++)
            {
                var ops = new CpuOps(new Parallelism(threads));
                float[][] y = [ops.ChannelAffine(x, s, shift).Span.ToArray(), ops.ChannelAffineInverse(x, s, shift).Span.ToArray()];
                if (threads == 1) reference = y;
                for (int i = 0; i < 2; i++) Samples.SameBits(reference[i], y[i], $"{threads} threads");
            }
            for (int row = 0; row < batch * channels; row++)
                for (int t = 0; t < length; t++)
                {
                    double v = x.Row(0, row)[t], scale = Math.Exp(s.Span[row % channels]), b = shift.Span[row % channels];
                    Assert.Equal(v * scale + b, reference[0][row * length + t], 4e-7 * (Math.Abs(v * scale) + Math.Abs(b)));
                    Assert.Equal((v - b) / scale, reference[1][row * length + t], 4e-7 * (Math.Abs(v) + Math.Abs(b)) / scale);
                }
        }
    }

    [Fact]
    public void Gradients_do_not_depend_on_width_or_threads()
    {
        var random = new Random(12);
        Tensor x = Samples.Normal(random, 2, 18, 2003).AsParameter(), s = Samples.Normal(random, 2, 9, 2003, 0.3).AsParameter(),
            shift = Samples.Normal(random, 2, 9, 2003).AsParameter();
        Tensor scale = Samples.Normal(random, 1, 9, 1, 0.3).AsParameter(), offset = Samples.Normal(random, 1, 9, 1).AsParameter(),
            r = Samples.Normal(random, 2, 9, 2003);
        Tensor[] inputs = [x, s, shift, scale, offset];
        float[][]? reference = null;
        SimdCollection.AtEachWidth(bits =>
        {
            for (int threads = 1; threads <= 3; threads++)
            {
                foreach (Tensor input in inputs) input.Grad = null;
                var tape = new Tape();
                var ops = new CpuOps(new Parallelism(threads), tape);
                Tensor y = ops.AffineInverse(ops.Affine(ops.Gate(x), s, shift), ops.Tanh(shift), s);
                y = ops.ChannelAffineInverse(ops.Multiply(ops.ChannelAffine(y, scale, offset), ops.LeakyRelu(s)), offset, scale);
                tape.Backward(ops.Sum(ops.Multiply(ops.Scale(y, 0.5f), r)));
                float[][] gradients = [.. inputs.Select(input => input.Grad!.Span.ToArray())];
                reference ??= gradients;
                for (int i = 0; i < inputs.Length; i++) Samples.SameBits(reference[i], gradients[i], $"input {i}, {bits} bits, {threads} threads");
            }
        });
    }

    [Fact]
    public void Shapes_that_differ_are_refused()
    {
        var ops = new CpuOps();
        Tensor a = new(1, 2, 3), b = new(1, 3, 2);
        Action[] actions =
        [
            () => ops.Add(a, b), () => ops.Multiply(a, b), () => ops.Affine(a, a, b), () => ops.Affine(a, b, a), () => ops.AffineInverse(a, b, a),
            () => ops.ChannelAffine(a, new Tensor(1, 3, 1), new Tensor(1, 2, 1)), () =>
                ops.ChannelAffineInverse(a, new Tensor(1, 2, 1), new Tensor(1, 3, 1)), () => ops.Gate(b),
        ];
        foreach (Action action in actions) Assert.Throws<ArgumentException>(action);
    }
}
