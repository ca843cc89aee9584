using FlowVocoder.Compute;

namespace FlowVocoder.Benchmarks;

/// <summary>Passes every operation on and writes down the convolutions, so that they can be run alone.</summary>
internal sealed class ConvolutionLog(Ops inner) : Ops
{
    /// <summary>Each kind of call and how often it came.</summary>
    public Dictionary<ConvolutionCall, int> Calls { get; } = [];

    public override bool IsRecording => inner.IsRecording;

    public override Tensor Conv1d(Tensor x, Tensor weight, Tensor? bias, ConvShape shape = default, Tensor? add = null, string? site = null)
    {
        var call = new ConvolutionCall(x.Batch, x.Channels, x.Length, weight.Length, shape, weight.Batch, bias != null, add != null, x.RequiresGrad);
        Calls[call] = Calls.GetValueOrDefault(call) + 1;
        return inner.Conv1d(x, weight, bias, shape, add, site);
    }

    public override Tensor Rent(int batch, int channels, int length) => inner.Rent(batch, channels, length);
    public override void Free(Tensor tensor) => inner.Free(tensor);
    public override void Reset() => inner.Reset();
    public override Tensor Delay(Tensor x, string site) => inner.Delay(x, site);
    public override Tensor Recur(IRecursion recursion, Tensor x, Tensor condition, int channels) => inner.Recur(recursion, x, condition, channels);
    public override Tensor Gate(Tensor x) => inner.Gate(x);
    public override Tensor Add(Tensor a, Tensor b) => inner.Add(a, b);
    public override Tensor Multiply(Tensor a, Tensor b) => inner.Multiply(a, b);
    public override Tensor Scale(Tensor x, float factor) => inner.Scale(x, factor);
    public override Tensor Tanh(Tensor x) => inner.Tanh(x);
    public override Tensor LeakyRelu(Tensor x) => inner.LeakyRelu(x);
    public override Tensor Affine(Tensor x, Tensor logScale, Tensor shift) => inner.Affine(x, logScale, shift);
    public override Tensor AffineInverse(Tensor x, Tensor logScale, Tensor shift) => inner.AffineInverse(x, logScale, shift);
    public override Tensor ChannelAffine(Tensor x, Tensor logScale, Tensor shift) => inner.ChannelAffine(x, logScale, shift);
    public override Tensor ChannelAffineInverse(Tensor x, Tensor logScale, Tensor shift) => inner.ChannelAffineInverse(x, logScale, shift);
    public override Tensor Slice(Tensor x, int first, int count) => inner.Slice(x, first, count);
    public override Tensor Concat(Tensor a, Tensor b) => inner.Concat(a, b);
    public override Tensor Crop(Tensor x, int first, int count) => inner.Crop(x, first, count);
    public override Tensor Fold(Tensor x, int group) => inner.Fold(x, group);
    public override Tensor Unfold(Tensor x, int group) => inner.Unfold(x, group);
    public override Tensor Sum(Tensor x) => inner.Sum(x);
    public override Tensor SumSquares(Tensor x) => inner.SumSquares(x);
    public override Tensor LogSoftmax(Tensor x) => inner.LogSoftmax(x);
    public override Tensor WeightNorm(Tensor v, Tensor gain) => inner.WeightNorm(v, gain);
    public override Tensor TransposedWeight(Tensor weight, int stride) => inner.TransposedWeight(weight, stride);
    public override Tensor ComposeLu(Tensor triangles, Tensor logDiagonal, Tensor sign, Tensor permutation) => inner.ComposeLu(triangles, logDiagonal, sign, permutation);
    public override Tensor Invert(Tensor matrix) => inner.Invert(matrix);
    public override Tensor LogAbsDet(Tensor matrix) => inner.LogAbsDet(matrix);
    public override Tensor Sqrt(Tensor x, float offset) => inner.Sqrt(x, offset);
    public override Tensor Log(Tensor x, float offset) => inner.Log(x, offset);
}
