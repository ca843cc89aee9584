using FlowVocoder.Compute.Kernels;

namespace FlowVocoder.Compute;

public unsafe partial class CpuOps
{
    private delegate void Prediction(ReadOnlySpan<float> x, ReadOnlySpan<float> taps, ReadOnlySpan<float> gains, int order, int blockSize, Span<float> y);

    /// <inheritdoc/>
    public override Tensor AllPole(Tensor x, Tensor taps, Tensor gains) => Predict(x, taps, gains,
        static (x, a, g, order, blockSize, y) => PredictionRecursion.Synthesize(x, a, g, order, blockSize, new float[order], y),
            PredictionRecursion.SynthesizeGradient);

    /// <inheritdoc/>
    public override Tensor AllPoleInverse(Tensor x, Tensor taps, Tensor gains) => Predict(x, taps, gains,
        static (x, a, g, order, blockSize, y) => PredictionRecursion.Analyze(x, a, g, order, blockSize, new float[order], y),
            PredictionRecursion.AnalyzeGradient);

    private Tensor Predict(Tensor x, Tensor taps, Tensor gains, Prediction prediction, Prediction gradient)
    {
        Require(x.Channels == 1 && taps.Batch == x.Batch && gains.Batch == x.Batch && gains.Channels == taps.Channels && gains.Length == 1
            && x.Length % taps.Channels == 0,
            $"taps {taps.Shape} and gains {gains.Shape} do not fit {x.Shape}");
        Tensor y = RentLike(x);
        ForItems(x, taps, gains, y, prediction);
        Record(y, x, taps, gains, gradient, static (ops, y, x, taps, gains, gradient) => ops.ForItems(y.Grad!, taps, gains, ops.GradientOf(x), gradient));
        return y;
    }

    private void ForItems(Tensor x, Tensor taps, Tensor gains, Tensor y, Prediction prediction) =>
        _parallelism.ForRanges(x.Batch, x.Length * taps.Length, (x, taps, gains, y, prediction), static (from, to, in s) =>
        {
            for (int b = from; b < to; b++)
                s.prediction(s.x.Row(b, 0), Rows(s.taps, b, 0, s.taps.Channels), Rows(s.gains, b, 0, s.gains.Channels), s.taps.Length,
                    s.x.Length / s.taps.Channels, s.y.Row(b, 0));
        });
}
