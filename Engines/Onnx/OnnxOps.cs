using FlowVocoder.Compute;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace FlowVocoder.Onnx;

/// <summary>
/// The operations as nodes of a graph. A model that is run on them is traced: what comes out is the same model with the lengths left free. So no operation
/// may depend on a length but by operators that leave it free, and no input may be written in host memory, where it would become a constant in silence.
/// </summary>
/// <param name="graph">Receives the nodes.</param>
/// <param name="memory">Where causal operations keep their past from run to run; null where a run is a whole signal.</param>
internal sealed partial class OnnxOps(Graph graph, StreamMemory? memory = null) : Ops
{
    private readonly Dictionary<(Tensor Tensor, int Version, string Use), Value> _constants = [];

    /// <summary>
    /// Whether a step belongs to the signal, 1, or lies before its start, 0, [1, 1, t]: what a causal operation sees of the past is zero there.
    /// </summary>
    public Value? IsSignal { get; set; }

    /// <summary>By which frames are multiplied before they are added up, [1 or b, 1, frames].</summary>
    public Value? FrameWeight { get; set; }

    /// <summary>The value of a result, or of a parameter as a constant.</summary>
    public Value ValueOf(Tensor tensor) => tensor.Payload is Value value ? value
        : Constant(tensor, "", () => (tensor.Span.ToArray(), [tensor.Batch, tensor.Channels, tensor.Length]));

    /// <summary>A value as a tensor whose shape is that of the length that is traced.</summary>
    public static Tensor TensorOf(Value value, int batch, int channels, int length) => Tensor.Elsewhere(value, batch, channels, length);

    /// <inheritdoc/>
    public override Tensor Rent(int batch, int channels, int length) =>
        throw new NotSupportedException("an input written in host memory would become a constant of the graph");

    /// <inheritdoc/>
    public override Tensor Fill(int batch, int channels, int length, float value) => throw Missing(nameof(Fill));

    /// <inheritdoc/>
    public override ReadOnlySpan<float> Read(Tensor tensor) => throw new NotSupportedException("a graph has no values before it is run");

    /// <inheritdoc/>
    public override void Free(Tensor tensor)
    {
    }

    /// <inheritdoc/>
    public override void Reset()
    {
    }

    /// <inheritdoc/>
    public override Tensor Conv1d(Tensor x, Tensor weight, Tensor? bias, ConvShape shape = default, Tensor? add = null, string? site = null)
    {
        int rows = shape.Rows == 0 ? weight.Batch : shape.Rows, dilation = Math.Max(1, shape.Dilation), first = shape.FirstRow,
            reach = (weight.Length - 1) * dilation;
        Value kernel = Constant(weight, $"rows {first} {rows}", () => (weight.Span.Slice(first * weight.Channels * weight.Length,
            rows * weight.Channels * weight.Length).ToArray(), [rows, weight.Channels, weight.Length]));
        Value addend = bias == null ? default : Constant(bias, $"vector {first} {rows}", () => (bias.Span.Slice(first, rows).ToArray(), [rows]));
        Value input = ValueOf(x);
        bool remembers = site != null && shape.Left == reach && reach > 0;
        if (remembers && IsSignal is { } isSignal) input *= isSignal;
        long before = shape.Left;
        if (remembers && memory != null) (input, before) = (memory.Precede(input, x.Channels, reach), 0);
        Value y = graph.Node("Conv", bias == null ? [input, kernel] : [input, kernel, addend], ("dilations", new long[] { dilation }),
            ("pads", new long[] { before, reach - shape.Left }));
        return TensorOf(add == null ? y : y + ValueOf(add), x.Batch, rows, x.Length);
    }

    /// <inheritdoc/>
    public override Tensor Delay(Tensor x, string site)
    {
        Value input = IsSignal is { } isSignal ? ValueOf(x) * isSignal : ValueOf(x);
        Value earlier = memory == null ? input.PadFront(1) : memory.Precede(input, x.Channels, 1);
        return Like(x, earlier.Slice(2, 0, -1));
    }

    /// <inheritdoc/>
    public override Tensor Recur(IRecursion recursion, Tensor x, Tensor condition, int channels) =>
        throw new VocoderException("this voice speaks step by step, one sample from all before it, which is no graph of a fixed size: expected one that "
            + "speaks in one pass, like student or compact");

    /// <inheritdoc/>
    public override Tensor Derive(DerivedTensor value) => value.InHostMemory();

    private static Tensor Like(Tensor x, Value value) => TensorOf(value, x.Batch, x.Channels, x.Length);

    private static NotSupportedException Missing(string operation) =>
        new($"the operation {operation} has no form in ONNX: no voice that can be exported uses it");

    // A constant is written once, however often and in however many runs of the trace it is used.
    private Value Constant(Tensor tensor, string use, Func<(float[] Values, long[] Shape)> make)
    {
        if (tensor.Payload != null) throw new NotSupportedException("a weight that is computed in the graph");
        if (_constants.TryGetValue((tensor, tensor.Version, use), out Value known)) return known;
        var (values, shape) = make();
        Value made = graph.Constant(values, shape);
        _constants.Add((tensor, tensor.Version, use), made);
        return made;
    }

    private Value Exponential(Tensor logScale, int sign) => Constant(logScale, $"exp {sign}", () =>
    {
        var values = new float[logScale.Size];
        TensorPrimitives.Multiply(logScale.Span, sign, values);
        TensorPrimitives.Exp(values, values);
        return (values, [1, logScale.Channels, 1]);
    });
}
