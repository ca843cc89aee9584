using FlowVocoder.Compute;

namespace FlowVocoder.Onnx;

internal sealed partial class OnnxOps
{
    // What is made of parameters alone is known when the graph is written.
    private readonly CpuOps _host = new();

    /// <summary>
    /// Where log-determinants are wanted: a value [b, any, frames], and how many steps a frame has. Sums over batch and time are then told apart by item and
    /// frame, [b, 1, frames]. Log-determinants are linear in them, so that whoever reads them adds them up.
    /// </summary>
    public (Value Like, int Steps)? SumsByFrame { get; set; }

    /// <inheritdoc/>
    public override Tensor Sum(Tensor x) => x.Payload == null ? _host.Sum(x) : TensorOf(ByFrame(ValueOf(x), x.Channels, nameof(Sum)), 1, 1, 1);

    /// <inheritdoc/>
    public override Tensor SumSquares(Tensor x) => TensorOf(ByFrame(ValueOf(x) * ValueOf(x), x.Channels, nameof(SumSquares)), 1, 1, 1);

    /// <inheritdoc/>
    /// <remarks>Each frame has its steps' share.</remarks>
    public override Tensor OverSteps(Tensor value, Tensor x, float factor)
    {
        var (like, steps) = SumsByFrame ?? throw Missing(nameof(OverSteps));
        Value shape = graph.Node("Shape", [like.Slice(1, 0, 1)]);
        return TensorOf(graph.Node("Expand", [ValueOf(_host.Scale(value, factor * steps)), shape]), 1, 1, 1);
    }

    /// <inheritdoc/>
    public override Tensor LogAbsDet(Tensor matrix) => _host.LogAbsDet(matrix);

    // [b, channels, frames·steps] → [b, 1, frames].
    private Value ByFrame(Value x, int channels, string operation)
    {
        int steps = (SumsByFrame ?? throw Missing(operation)).Steps;
        return graph.Node("ReduceSum", [x.Reshape(0, channels, -1, steps), graph.Numbers(1, 3)]).Reshape(0, 1, -1);
    }
}
