using FlowVocoder.Compute;

namespace FlowVocoder.Tests.Compute;

/// <summary>A random convolution with its result and gradients by naive loops in double.</summary>
internal sealed record ConvolutionCase(Tensor X, Tensor Weight, Tensor? Bias, Tensor? Add, ConvShape Shape, Tensor OutputGradient)
{
    private int Rows => OutputGradient.Channels;

    /// <summary>
    /// Every fifth case has more channels than a tile of columns (64), the others few and odd ones; a third each is causal, centred and neither.
    /// </summary>
    public static ConvolutionCase Draw(int seed, int longest = 200)
    {
        var random = new Random(seed);
        int most = seed % 5 == 4 ? 150 : 20;
        int batch = random.Next(1, 4), inputs = random.Next(1, most), outputs = random.Next(1, most), length = random.Next(1, longest + 1);
        int taps = random.Next(1, 6), dilation = random.Next(1, 9), span = (taps - 1) * dilation;
        int left = (seed % 3) switch { 0 => span, 1 => span / 2, _ => random.Next(span + 1) };
        int first = random.Next(3) == 0 ? random.Next(outputs) : 0, rows = random.Next(2) == 0 ? 0 : random.Next(1, outputs - first + 1);
        int used = rows == 0 ? outputs - first : rows;
        return new ConvolutionCase(
            Samples.Normal(random, batch, inputs, length).AsParameter(),
            Samples.Normal(random, outputs, inputs, taps).AsParameter(),
            random.Next(2) == 0 ? null : Samples.Normal(random, 1, outputs, 1).AsParameter(),
            random.Next(2) == 0 ? null : Samples.Normal(random, batch, used, length).AsParameter(),
            new ConvShape(dilation, left, first, rows),
            Samples.Normal(random, batch, used, length));
    }

    public float[] Forward(int threads) => new CpuOps(new Parallelism(threads)).Conv1d(X, Weight, Bias, Shape, Add).Span.ToArray();

    /// <summary>Gradients of Σ y·OutputGradient: x, weight, bias, add.</summary>
    public float[]?[] Gradients(int threads)
    {
        Tensor?[] inputs = [X, Weight, Bias, Add];
        foreach (Tensor? input in inputs) input?.Grad = null;
        var tape = new Tape();
        var ops = new CpuOps(new Parallelism(threads), tape);
        tape.Backward(ops.Sum(ops.Multiply(ops.Conv1d(X, Weight, Bias, Shape, Add), OutputGradient)));
        return [.. inputs.Select(input => input?.Grad!.Span.ToArray())];
    }

    /// <summary>The result, and the sum of magnitudes that bounds its rounding error.</summary>
    public (double[] Value, double[] Magnitude) NaiveForward()
    {
        var value = new double[OutputGradient.Size];
        var magnitude = new double[value.Length];
        for (int b = 0; b < X.Batch; b++)
            for (int o = 0; o < Rows; o++)
                for (int t = 0; t < X.Length; t++)
                {
                    int i = (b * Rows + o) * X.Length + t;
                    void Term(double term) => (value[i], magnitude[i]) = (value[i] + term, magnitude[i] + Math.Abs(term));
                    if (Bias != null) Term(Bias.Span[Shape.FirstRow + o]);
                    if (Add != null) Term(Add.Row(b, o)[t]);
                    ForTaps(t, (c, k, s) => Term((double)W(o, c, k) * X.Row(b, c)[s]));
                }
        return (value, magnitude);
    }

    /// <summary>The gradients in the order of <see cref="Gradients"/>.</summary>
    public double[]?[] NaiveGradients()
    {
        double[] dx = new double[X.Size], dw = new double[Weight.Size], db = new double[Weight.Batch], da = new double[OutputGradient.Size];
        for (int b = 0; b < X.Batch; b++)
            for (int o = 0; o < Rows; o++)
                for (int t = 0; t < X.Length; t++)
                {
                    double dy = OutputGradient.Row(b, o)[t];
                    db[Shape.FirstRow + o] += dy;
                    da[(b * Rows + o) * X.Length + t] += dy;
                    ForTaps(t, (c, k, s) =>
                    {
                        dx[(b * X.Channels + c) * X.Length + s] += dy * W(o, c, k);
                        dw[((Shape.FirstRow + o) * X.Channels + c) * Weight.Length + k] += dy * X.Row(b, c)[s];
                    });
                }
        return [dx, dw, Bias == null ? null : db, Add == null ? null : da];
    }

    private float W(int o, int c, int k) => Weight.Row(Shape.FirstRow + o, c)[k];

    private void ForTaps(int t, Action<int, int, int> body)
    {
        for (int c = 0; c < X.Channels; c++)
            for (int k = 0; k < Weight.Length; k++)
            {
                int s = t + k * Shape.Dilation - Shape.Left;
                if (s >= 0 && s < X.Length) body(c, k, s);
            }
    }
}
