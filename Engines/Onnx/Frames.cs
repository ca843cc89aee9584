using FlowVocoder.Features;

namespace FlowVocoder.Onnx;

/// <summary>
/// Which frames a run speaks. It is given n frames and speaks as many, each a look-ahead late: at the start of a signal the first of them lie before it. They
/// come out as silence, and leave nothing behind in the layers.
/// </summary>
internal sealed class Frames
{
    private readonly StreamMemory? _memory;
    private readonly Value _index;

    /// <summary>Reads off the mel [batch, bands, n] how many there are.</summary>
    /// <param name="graph">Receives the nodes.</param>
    /// <param name="memory">Keeps how many frames came in earlier; null where a run is a whole signal.</param>
    /// <param name="mel">The mel.</param>
    /// <param name="lookAhead">Frames by which speech is late.</param>
    /// <param name="reach">Frames after the first for which it matters how far they are from the start.</param>
    public Frames(Graph graph, StreamMemory? memory, Value mel, int lookAhead, int reach = 0)
    {
        (_memory, LookAhead) = (memory, lookAhead);
        Value count = graph.Node("Shape", [mel], ("start", 2), ("end", 3)).Reshape();
        Value steps = graph.Node("Range", [graph.Number(0), count, graph.Number(1)]).ToFloat().Reshape(1, 1, -1);
        _index = steps + (float)-lookAhead;
        if (memory == null) return;
        // Frames that came in earlier, as far as it matters.
        Value before = memory.Take(1);
        memory.Keep((before + count.ToFloat()).Min(graph.Scalar((float)(lookAhead + reach + 1))));
        Before = before.Unsqueeze(2);
        _index += Before;
    }

    /// <summary>Frames that came in before this run, as far as it matters, [batch, 1, 1].</summary>
    public Value Before { get; }

    /// <summary>Frames by which speech is late.</summary>
    public int LookAhead { get; }

    /// <summary>1 where a frame belongs to the signal and 0 before it, [1 or batch, 1, n].</summary>
    public Value Are(int shift = 0) => (_index + (shift + 0.5f)).Greater(_index.Graph.Scalar(0f)).ToFloat();

    /// <summary>Whether a frame is the first of the signal, [1 or batch, 1, n].</summary>
    public Value AreFirst => _index.Apply("Abs").Graph.Node("Less", [_index.Apply("Abs"), _index.Graph.Scalar(0.5f)]);

    /// <summary>The last frames of the run before in front of values [batch, channels, n]; zeros at the start.</summary>
    public Value Precede(Value values, int channels, int steps) => _memory?.Precede(values, channels, steps) ?? values.PadFront(steps);

    /// <summary>A number that goes from run to run, 0 at first, [batch, 1, 1], and how to replace it.</summary>
    public Value Number(Graph graph) => _memory?.Take(1).Unsqueeze(2) ?? graph.Constant([0f], 1, 1, 1);

    /// <summary>What the number last asked for becomes, [batch, 1, 1].</summary>
    public void Keep(Value number) => _memory?.Keep(number.Reshape(0, 1));

    /// <summary>Each value of [batch, 1, n] so many times in a row, [batch, 1, n·times].</summary>
    public static Value Repeat(Value values, int times) =>
        (values.Transpose(0, 2, 1) * values.Graph.Constant(Ones(times), times)).Reshape(0, 1, -1);

    private static float[] Ones(int count)
    {
        var ones = new float[count];
        Array.Fill(ones, 1f);
        return ones;
    }
}
