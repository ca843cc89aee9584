namespace FlowVocoder.Onnx;

/// <summary>
/// What a streaming graph remembers from run to run: one vector for each batch item, in which every place has its stretch, so that a caller carries one tensor
/// whatever the voice is made of. All zeros is the start of a signal.
/// </summary>
internal sealed class StreamMemory
{
    /// <summary>Name of the input.</summary>
    public const string InputName = "state";

    /// <summary>Name of the output.</summary>
    public const string OutputName = "next_state";

    private readonly Value _state;
    private readonly List<Value> _next = [];

    public StreamMemory(Graph graph) => _state = new Value(graph, InputName);

    /// <summary>Numbers that are remembered so far.</summary>
    public int Size { get; private set; }

    /// <summary>The next so many numbers, [batch, count]; what they become is told by <see cref="Keep"/>, in the same order.</summary>
    public Value Take(int count)
    {
        Value taken = _state.Slice(1, Size, Size + count);
        Size += count;
        return taken;
    }

    /// <summary>What the numbers last taken become, [batch, count].</summary>
    public void Keep(Value value) => _next.Add(value);

    /// <summary>The last steps of the runs before in front of x [batch, channels, time], whose last steps are kept in turn.</summary>
    public Value Precede(Value x, int channels, int steps)
    {
        Value joined = Take(channels * steps).Reshape(0, channels, steps).Then(2, x);
        Keep(joined.Slice(2, -steps).Reshape(0, channels * steps));
        return joined;
    }

    /// <summary>All that is to be remembered, [batch, size].</summary>
    public Value Next => _next[0].Then(1, [.. _next[1..]]);
}
