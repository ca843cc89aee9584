using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Features;

/// <summary>
/// Linear prediction as an invertible layer: x_t = g_t·e_t + Σ_k a_k(t)·x_{t−k}, an autoregressive linear flow between
/// speech x and excitation e. The coefficients are constant over blocks of <see cref="BlockSize"/> samples.
/// <see cref="Analyze"/> is an FIR, <see cref="Synthesize"/> its exact inverse, an IIR; the Jacobian of the analysis is
/// lower triangular with 1/g_t on its diagonal, so log |det ∂e/∂x| = −Σ_t log g_t.
/// An instance holds no signal: it may be shared by threads. The state of a stream is its last <see cref="Order"/> samples of x,
/// carried by the caller, and a signal cut at borders of blocks gives bit-identical results.
/// </summary>
public sealed class LinearPredictionFilter
{
    /// <summary>A filter pair for predictors of one order.</summary>
    /// <param name="order">Taps of the predictor, at least 1.</param>
    /// <param name="blockSize">Samples that share one predictor, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is below 1.</exception>
    public LinearPredictionFilter(int order, int blockSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(blockSize, 1);
        Order = order;
        BlockSize = blockSize;
    }

    /// <summary>Taps of the predictor; also the samples of history a stream carries.</summary>
    public int Order { get; }

    /// <summary>Samples that share one predictor.</summary>
    public int BlockSize { get; }

    /// <summary>Speech to excitation: e_t = (x_t − Σ_k a_k·x_{t−k}) / g_t.</summary>
    /// <param name="x">[samples] speech, starting at the border of a block; the last block may be cut short.</param>
    /// <param name="a">[blocks, order] predictors a_1 … a_order, blocks = ⌈samples / BlockSize⌉ or more.</param>
    /// <param name="g">[blocks] gains, above 0.</param>
    /// <param name="history">[order] the samples of x before the first, oldest first (zeros at the start); replaced by the last ones.</param>
    /// <param name="e">[samples] receives the excitation; may be the same memory as <paramref name="x"/>.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public void Analyze(ReadOnlySpan<float> x, ReadOnlySpan<float> a, ReadOnlySpan<float> g, Span<float> history, Span<float> e)
    {
        Check(x.Length, a.Length, g.Length, history.Length, e.Length);
        PredictionRecursion.Analyze(x, a, g, Order, BlockSize, history, e);
    }

    /// <summary>Excitation to speech: x_t = g_t·e_t + Σ_k a_k·x_{t−k}.</summary>
    /// <param name="e">[samples] excitation, starting at the border of a block; the last block may be cut short.</param>
    /// <param name="a">[blocks, order] predictors a_1 … a_order, blocks = ⌈samples / BlockSize⌉ or more.</param>
    /// <param name="g">[blocks] gains, above 0.</param>
    /// <param name="history">[order] the samples of x before the first, oldest first (zeros at the start); replaced by the last ones.</param>
    /// <param name="x">[samples] receives the speech; may be the same memory as <paramref name="e"/>.</param>
    /// <exception cref="ArgumentException">A span is too short.</exception>
    public void Synthesize(ReadOnlySpan<float> e, ReadOnlySpan<float> a, ReadOnlySpan<float> g, Span<float> history, Span<float> x)
    {
        Check(e.Length, a.Length, g.Length, history.Length, x.Length);
        PredictionRecursion.Synthesize(e, a, g, Order, BlockSize, history, x);
    }

    /// <summary>log |det ∂e/∂x| of <see cref="Analyze"/> over a signal: −Σ_t log g_t, in nats. That of <see cref="Synthesize"/> is its negative.</summary>
    /// <param name="g">[blocks] gains, above 0.</param>
    /// <param name="samples">Length of the signal.</param>
    /// <exception cref="ArgumentException"><paramref name="g"/> has too few blocks.</exception>
    public double LogDeterminant(ReadOnlySpan<float> g, int samples)
    {
        if ((long)g.Length * BlockSize < samples)
            throw new ArgumentException($"{g.Length} gains for {samples} samples in blocks of {BlockSize}", nameof(g));
        double sum = 0;
        for (int block = 0, from = 0; from < samples; block++, from += BlockSize)
            sum -= Math.Min(BlockSize, samples - from) * Math.Log(g[block]);
        return sum;
    }

    private void Check(int samples, int a, int g, int history, int output)
    {
        int blocks = (samples + BlockSize - 1) / BlockSize;
        if (a < blocks * Order || g < blocks)
            throw new ArgumentException($"{a} taps and {g} gains for {samples} samples, expected {blocks * Order} and {blocks}");
        if (history != Order || output < samples)
            throw new ArgumentException($"a history of {history} and room for {output} samples, expected {Order} and {samples}");
    }
}
