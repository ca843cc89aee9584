using FlowVocoder.Compute;
using FlowVocoder.Features;
using FlowVocoder.Matching;
using global::Onnx;

namespace FlowVocoder.Onnx;

/// <summary>
/// Mel matching of a stream as nodes: what <see cref="MatchedStream"/> does, so many frames in and as many out. A pass takes each frame as soon as its samples
/// have come, which is the same number of samples late in every run.
/// </summary>
/// <param name="ops">Operations.</param>
/// <param name="memory">Keeps samples, frames and overlaps from run to run.</param>
/// <param name="matching">The passes.</param>
/// <param name="recipe">Recipe of the mel.</param>
internal sealed class MatchingStreamGraph(OnnxOps ops, StreamMemory memory, MelMatching matching, MelRecipe recipe)
{
    /// <summary>Name of the input that tells the end.</summary>
    public const string InputName = "after_end";

    private readonly int _hop = recipe.HopSize, _size = recipe.FftSize, _padding = -(int)matching.Framing.Start(0);

    // All numbers of frames and samples are counted from the start of the signal: of the first that comes in with this run, of those that come in, and of the
    // end.
    private Value _first, _count, _end;

    // Mel frames that are waiting, and then those of this run.
    private Value _mel;
    private int _waiting;

    /// <summary>Frames after the first for which it matters how far they are from the start.</summary>
    public static int Reach(MelMatching matching, int passes) => matching.Framing.LookAhead(passes) + 2 * matching.Framing.Size / matching.Framing.Hop;

    /// <summary>Matches.</summary>
    /// <param name="frames">Which frames are spoken.</param>
    /// <param name="speech">[b, 1, n·hop] as the voice speaks it.</param>
    /// <param name="mel">[b, bands, n].</param>
    /// <param name="count">The n that is traced.</param>
    /// <param name="passes">Passes, 1 or more.</param>
    /// <returns>[b, 1, n·hop], <see cref="MatchingFrames.LookAhead"/> frames later.</returns>
    public Value Match(Frames frames, Value speech, Value mel, int count, int passes)
    {
        Graph graph = speech.Graph;
        // How many of the frames come after the end of the signal.
        Value ended = memory.Take(1) + graph.Input(InputName, TensorProto.Types.DataType.Float, "batch", 1);
        memory.Keep(ended);
        ended = ToNumber(ended).Unsqueeze(2);
        _count = graph.Node("Shape", [mel], ("start", 2), ("end", 3)).Reshape();
        _first = ToNumber(frames.Before);
        Value zero = graph.Number(0), never = graph.Number(1L << 40);
        _end = ended.Greater(zero).Where(_first + _count - ended, never);
        int late = frames.LookAhead, delay = matching.Framing.LookAhead(passes);
        _waiting = late + delay + _size / _hop;
        _mel = memory.Precede(MatchingGraph.Amplitudes(mel, recipe), recipe.Bands, _waiting);
        // Of the voice, the sample that comes first is that of the frame which came a look-ahead earlier; each pass adds what it waits for.
        int behind = 0;
        for (int i = 0; i < passes; i++) (speech, behind) = Pass(speech, late, behind, count);
        int rest = delay * _hop - behind;
        if (rest > 0) speech = memory.Precede(speech, 1, rest).Slice(2, 0, -rest);
        return speech * Frames.Repeat(frames.Are(-delay), _hop);
    }

    // Samples that are so many behind the voice go in, and come out further behind.
    private (Value Speech, int Behind) Pass(Value speech, int late, int behind, int count)
    {
        // The last frame whose samples have come is so many frames before the hop that comes in; what is before it has all that adds up to it.
        int wait = (behind + _size - _padding + _hop - 1) / _hop, after = _hop * (wait - 1) + _padding;
        Value frame = _first + (1 - late - wait), start = frame * _hop + -_padding;
        // Mirrored at both ends; to what the frames need now come images of it, no longer than a frame.
        int kept = after - behind + _size;
        Value joined = memory.Precede(speech, 1, kept), samples = _count * _hop + (_size - _hop), at = (start + Range(samples)).Apply("Abs"),
            last = _end * _hop + -1;
        Value windows = Gathered(joined, at.Greater(last).Where(last * 2 - at, at) - start + _size);
        Value numbers = frame + Range(_count), targets = Targets(numbers);
        ops.FrameWeight = Weight(numbers);
        Tensor matched = matching.Pass(ops, OnnxOps.TensorOf(windows, 1, 1, (count - 1) * _hop + _size), OnnxOps.TensorOf(targets, 1, recipe.Bands, count));
        ops.FrameWeight = null;
        Value sum = ops.ValueOf(matched);
        int overlap = _size - _hop;
        sum = (sum.Slice(2, 0, overlap) + memory.Take(overlap).Unsqueeze(1)).Then(2, sum.Slice(2, overlap));
        memory.Keep(sum.Slice(2, -overlap).Reshape(0, overlap));
        return (Unfolded(sum.Slice(2, 0, -overlap), start), after);
    }

    // Frames before the signal are mirror images of those in it, and so is what they add to it: that which these add before the signal. One around its very
    // start is its own image.
    private Value Weight(Value frame)
    {
        Value weight = frame.Greater(frame.Graph.Number(-1)).ToFloat();
        return recipe.Centering == MelCentering.HopCentered ? weight : weight + frame.Graph.Node("Equal", [frame, frame.Graph.Number(0)]).ToFloat() * -0.5f;
    }

    private Value Unfolded(Value speech, Value start)
    {
        Graph graph = speech.Graph;
        int before = 2 * _padding;
        Value at = start + Range(_count * _hop), images = Gathered(memory.Precede(speech, 1, before), at * -1 - start + before);
        Value isNear = graph.Node("And", [at.Greater(graph.Number(-1)), graph.Number(_padding + 1).Greater(at)]);
        return speech + images * isNear.ToFloat();
    }

    // The mels of frames, of which those after the end are mirror images.
    private Value Targets(Value frame)
    {
        Value last = _end + -1, mirrored = _end * 2 - frame + (recipe.Centering == MelCentering.HopCentered ? -1 : 0);
        Value at = frame.Greater(last).Where(mirrored, frame) - _first + _waiting;
        Value bands = frame.Graph.Constant(new float[recipe.Bands], recipe.Bands, 1).Cast(TensorProto.Types.DataType.Int64);
        return Gathered(_mel, at + bands);
    }

    // Places beyond what is there belong to frames that count for nothing.
    private static Value Gathered(Value values, Value at)
    {
        Graph graph = values.Graph;
        Value last = graph.Node("Shape", [values], ("start", 2), ("end", 3)) + -1;
        return graph.Node("GatherElements", [values, at.Max(graph.Number(0)).Min(last)], ("axis", 2));
    }

    private static Value Range(Value count) => count.Graph.Node("Range", [count.Graph.Number(0), count, count.Graph.Number(1)]);

    private static Value ToNumber(Value value) => value.Cast(TensorProto.Types.DataType.Int64);
}
