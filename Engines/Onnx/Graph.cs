using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using global::Onnx;

namespace FlowVocoder.Onnx;

/// <summary>An ONNX graph under construction. Equal constants are one; names are unique through all graphs within graphs.</summary>
internal sealed class Graph
{
    private readonly Graph? _outer;
    private readonly Dictionary<string, ByteString> _written;
    private readonly GraphProto _proto = new();
    private readonly Dictionary<string, Value> _constants = new(StringComparer.Ordinal);
    private int _names;

    /// <summary>Begins a graph.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="outer">The graph of whose loop this is the body.</param>
    /// <param name="written">Constants that graphs share, so that one which is traced twice is in memory once.</param>
    public Graph(string name, Graph? outer = null, Dictionary<string, ByteString>? written = null) =>
        (_proto.Name, _outer, _written) = (name, outer, written ?? new(StringComparer.Ordinal));

    /// <summary>What has been built.</summary>
    public GraphProto Proto => _proto;

    /// <summary>A new graph for the body of a loop; it sees the values of this one.</summary>
    public Graph Inner(string name) => new(name, this);

    /// <summary>An input; an axis is a number or the name of one that is free.</summary>
    public Value Input(string name, TensorProto.Types.DataType type, params object[] axes)
    {
        _proto.Input.Add(Info(name, type, axes));
        return new Value(this, name);
    }

    /// <summary>Makes a value an output under a name of its own.</summary>
    public void Output(Value value, string name, TensorProto.Types.DataType type, params object[] axes)
    {
        _proto.Node.Add(new NodeProto { OpType = "Identity", Input = { value.Name }, Output = { name } });
        _proto.Output.Add(Info(name, type, axes));
    }

    /// <summary>A node of one result.</summary>
    public Value Node(string op, Value[] inputs, params (string Name, object Value)[] attributes) => Nodes(op, inputs, 1, attributes)[0];

    /// <summary>A node of several results. An input whose graph is null is left out.</summary>
    public Value[] Nodes(string op, Value[] inputs, int outputs, params (string Name, object Value)[] attributes)
    {
        var node = new NodeProto { OpType = op };
        node.Input.AddRange(inputs.Select(input => input.Name ?? ""));
        var results = new Value[outputs];
        for (int i = 0; i < outputs; i++)
        {
            results[i] = new Value(this, NewName(op));
            node.Output.Add(results[i].Name);
        }
        node.Attribute.AddRange(attributes.Select(Attribute));
        _proto.Node.Add(node);
        return results;
    }

    /// <summary>Numbers in single precision.</summary>
    public Value Constant(ReadOnlySpan<float> values, params long[] shape) => Constant(MemoryMarshal.AsBytes(values), TensorProto.Types.DataType.Float, shape);

    /// <summary>Numbers in double precision.</summary>
    public Value Doubles(ReadOnlySpan<double> values, params long[] shape) => Constant(MemoryMarshal.AsBytes(values), TensorProto.Types.DataType.Double, shape);

    /// <summary>A list of whole numbers: a shape, axes, places.</summary>
    public Value Numbers(params long[] values) => Constant(MemoryMarshal.AsBytes<long>(values), TensorProto.Types.DataType.Int64, [values.Length]);

    /// <summary>A table of whole numbers.</summary>
    public Value Table(ReadOnlySpan<long> values, int rows, int columns) =>
        Constant(MemoryMarshal.AsBytes(values), TensorProto.Types.DataType.Int64, [rows, columns]);

    /// <summary>A whole number of no axes.</summary>
    public Value Number(long value) => Constant(MemoryMarshal.AsBytes<long>([value]), TensorProto.Types.DataType.Int64, []);

    /// <summary>A number of no axes.</summary>
    public Value Scalar(float value) => Constant([value]);

    /// <summary>A number of no axes in double precision.</summary>
    public Value Scalar(double value) => Doubles([value]);

    private Value Constant(ReadOnlySpan<byte> bytes, TensorProto.Types.DataType type, long[] shape)
    {
        if (_outer != null) return _outer.Constant(bytes, type, shape);
        string key = $"{type} {string.Join(",", shape)} {Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes))}";
        if (_constants.TryGetValue(key, out Value known)) return known;
        var value = new Value(this, NewName("constant"));
        if (!_written.TryGetValue(key, out ByteString? raw)) _written.Add(key, raw = ByteString.CopyFrom(bytes));
        _proto.Initializer.Add(new TensorProto { Name = value.Name, DataType = (int)type, RawData = raw, Dims = { shape } });
        _constants.Add(key, value);
        return value;
    }

    private string NewName(string kind) => _outer?.NewName(kind) ?? string.Create(CultureInfo.InvariantCulture, $"{kind}_{++_names}");

    private static ValueInfoProto Info(string name, TensorProto.Types.DataType type, object[] axes)
    {
        var shape = new TensorShapeProto();
        foreach (object axis in axes)
            shape.Dim.Add(axis is string free ? new TensorShapeProto.Types.Dimension { DimParam = free }
                : new TensorShapeProto.Types.Dimension { DimValue = Convert.ToInt64(axis, CultureInfo.InvariantCulture) });
        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type, Shape = shape } } };
    }

    private static AttributeProto Attribute((string Name, object Value) attribute)
    {
        var proto = new AttributeProto { Name = attribute.Name };
        switch (attribute.Value)
        {
            case int number:
                (proto.Type, proto.I) = (AttributeProto.Types.AttributeType.Int, number);
                break;
            case float number:
                (proto.Type, proto.F) = (AttributeProto.Types.AttributeType.Float, number);
                break;
            case string text:
                (proto.Type, proto.S) = (AttributeProto.Types.AttributeType.String, ByteString.CopyFromUtf8(text));
                break;
            case long[] numbers:
                proto.Type = AttributeProto.Types.AttributeType.Ints;
                proto.Ints.AddRange(numbers);
                break;
            case Graph graph:
                (proto.Type, proto.G) = (AttributeProto.Types.AttributeType.Graph, graph.Proto);
                break;
            default:
                throw new ArgumentException($"an attribute of type {attribute.Value.GetType()}");
        }
        return proto;
    }
}
