using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

/// <summary>Compares gradients with central differences of the loss Σ f(inputs)·r for a fixed random r.</summary>
internal static class GradientCheck
{
    private const int Most = 24;
    private const float Step = 1f / 16;

    /// <summary>Makes the inputs parameters and checks up to 24 elements of each.</summary>
    public static void Run(Func<Ops, Tensor[], Tensor> function, params Tensor[] inputs)
    {
        var random = new Random(77);
        foreach (Tensor input in inputs) input.AsParameter();
        Tensor shape = function(new CpuOps(), inputs), projection = Samples.Normal(random, shape.Batch, shape.Channels, shape.Length);
        var tape = new Tape();
        var ops = new CpuOps(tape: tape);
        tape.Backward(ops.Sum(ops.Multiply(function(ops, inputs), projection)));
        for (int n = 0; n < inputs.Length; n++)
        {
            Tensor input = inputs[n];
            Assert.True(input.Grad != null, $"no gradient reached input {n}");
            Assert.True(input.SameShape(input.Grad));
            foreach (int i in Enumerable.Range(0, input.Size).OrderBy(_ => random.Next()).Take(Most))
            {
                double expected = Derivative(input, i, () => Loss(function, inputs, projection));
                Assert.True(Math.Abs(input.Grad.Span[i] - expected) <= 5e-4 * Math.Max(1, Math.Abs(expected)),
                    $"gradient of input {n} {input.Shape}, element {i}: {input.Grad.Span[i]:R}, expected {expected:R}");
            }
        }
    }

    /// <summary>Five-point derivative, whose error is of fourth order, of a loss computed in double from float32 results.</summary>
    public static double Derivative(Tensor input, int i, Func<double> loss)
    {
        float original = input.Span[i];
        double At(int steps)
        {
            input.Span[i] = original + steps * Step;
            input.MarkChanged();
            return loss();
        }
        double derivative = (8 * (At(1) - At(-1)) - (At(2) - At(-2))) / (12 * Step);
        At(0);
        return derivative;
    }

    private static double Loss(Func<Ops, Tensor[], Tensor> function, Tensor[] inputs, Tensor projection)
    {
        Tensor y = function(new CpuOps(), inputs);
        double sum = 0;
        for (int i = 0; i < y.Size; i++) sum += (double)y.Span[i] * projection.Span[i];
        return sum;
    }
}
