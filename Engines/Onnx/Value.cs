using global::Onnx;

namespace FlowVocoder.Onnx;

/// <summary>A value of a <see cref="Graph"/>, with arithmetic that broadcasts as ONNX does; the default value stands for an input that is left out.</summary>
internal readonly record struct Value(Graph Graph, string Name)
{
    private const long Last = long.MaxValue;

    public static Value operator +(Value a, Value b) => a.Graph.Node("Add", [a, b]);

    public static Value operator -(Value a, Value b) => a.Graph.Node("Sub", [a, b]);

    public static Value operator *(Value a, Value b) => a.Graph.Node("Mul", [a, b]);

    public static Value operator /(Value a, Value b) => a.Graph.Node("Div", [a, b]);

    public static Value operator +(Value a, float b) => a + a.Graph.Scalar(b);

    public static Value operator *(Value a, float b) => a * a.Graph.Scalar(b);

    public static Value operator +(Value a, int b) => a + a.Graph.Number(b);

    public static Value operator *(Value a, int b) => a * a.Graph.Number(b);

    /// <summary>An operator of one input: Exp, Tanh, Floor, ….</summary>
    public Value Apply(string op) => Graph.Node(op, [this]);

    public Value Reshape(params long[] shape) => Graph.Node("Reshape", [this, Graph.Numbers(shape)]);

    public Value Transpose(params long[] order) => Graph.Node("Transpose", [this], ("perm", order));

    public Value Unsqueeze(params long[] axes) => Graph.Node("Unsqueeze", [this, Graph.Numbers(axes)]);

    public Value MatMul(Value other) => Graph.Node("MatMul", [this, other]);

    public Value Gather(Value places, int axis) => Graph.Node("Gather", [this, places], ("axis", axis));

    public Value Cast(TensorProto.Types.DataType type) => Graph.Node("Cast", [this], ("to", (int)type));

    public Value ToDouble() => Cast(TensorProto.Types.DataType.Double);

    public Value ToFloat() => Cast(TensorProto.Types.DataType.Float);

    /// <summary>From a place on, to another one or to the end; negative places count from the end.</summary>
    public Value Slice(int axis, long from, long to = Last) => Graph.Node("Slice", [this, Graph.Numbers(from), Graph.Numbers(to), Graph.Numbers(axis)]);

    /// <summary>The other way round along an axis.</summary>
    public Value Reverse(int axis) => Graph.Node("Slice", [this, Graph.Numbers(-1), Graph.Numbers(-Last), Graph.Numbers(axis), Graph.Numbers(-1)]);

    /// <summary>This, then others, along an axis.</summary>
    public Value Then(int axis, params Value[] others) => Graph.Node("Concat", [this, .. others], ("axis", axis));

    /// <summary>Zeros in front of the last axis of three.</summary>
    public Value PadFront(long count) => Graph.Node("Pad", [this, Graph.Numbers(0, 0, count, 0, 0, 0)]);

    /// <summary>Zeros behind the last axis of three.</summary>
    public Value PadBack(long count) => Graph.Node("Pad", [this, Graph.Numbers(0, 0, 0, 0, 0, count)]);

    /// <summary>Sum over an axis, which stays with size 1.</summary>
    public Value Sum(int axis) => Graph.Node("ReduceSum", [this, Graph.Numbers(axis)]);

    /// <summary>The same value as seen in a graph within the one that it belongs to.</summary>
    public Value In(Graph inner) => this with { Graph = inner };

    public Value Greater(Value other) => Graph.Node("Greater", [this, other]);

    /// <summary>Where this holds one value, elsewhere another.</summary>
    public Value Where(Value then, Value otherwise) => Graph.Node("Where", [this, then, otherwise]);

    public Value Max(Value other) => Graph.Node("Max", [this, other]);

    public Value Min(Value other) => Graph.Node("Min", [this, other]);
}
