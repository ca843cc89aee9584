using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using global::Onnx;

namespace FlowVocoder.Onnx;

/// <summary>F0 and the phase of the fundamental as nodes: <see cref="PitchPredictor.Decode"/> and <see cref="Features.PhaseAccumulator"/>.</summary>
internal static class PitchGraph
{
    // Doublings of the reach of a frame that is held: 65,535 frames, 12 minutes without a voice.
    private const int HoldDoublings = 16;

    /// <summary>Log-probabilities of bins [b, 96, n] and of unvoiced and voiced [b, 2, n] to F0 in Hz, 0 where unvoiced, [b, 1, n].</summary>
    public static Value Decode(Value bins, Value voicing)
    {
        Graph graph = bins.Graph;
        float[] places = [.. Enumerable.Range(0, PitchPredictor.Bins).Select(i => (float)i)];
        Value place = graph.Constant(places, 1, PitchPredictor.Bins, 1), best = graph.Node("ArgMax", [bins], ("axis", 1), ("keepdims", 1)).ToFloat();
        Value near = graph.Node("Less", [(place - best).Apply("Abs"), graph.Scalar(PitchPredictor.MeanRadius + 0.5f)]).ToFloat();
        Value weight = bins.Apply("Exp") * near, mean = (weight * place).Sum(1) / weight.Sum(1);
        Value hz = (mean * (float)(1 / PitchPredictor.BinsPerLog)).Apply("Exp") * (float)PitchPredictor.LowestHz;
        return voicing.Slice(1, 0, 1).Greater(voicing.Slice(1, 1)).Where(graph.Scalar(0f), hz);
    }

    /// <summary>F0 of frames to the phase of their samples.</summary>
    /// <param name="frames">Which frames they are.</param>
    /// <param name="current">F0 in Hz [b, 1, n], 0 where unvoiced or before the signal.</param>
    /// <param name="next">The same of the frames after them.</param>
    /// <param name="hop">Samples of a frame.</param>
    /// <param name="centre">Samples of a hop before the centre of its frame.</param>
    /// <param name="sampleRate">Samples a second.</param>
    /// <param name="startPhase">φ of the first sample, radians.</param>
    /// <param name="shift">By which F0 is multiplied.</param>
    /// <returns>φ in [0, 2π), [b, n, hop].</returns>
    public static Value Phase(Frames frames, Value current, Value next, int hop, int centre, int sampleRate, double startPhase, PitchShift shift)
    {
        Graph graph = current.Graph;
        Value zero = graph.Scalar(0f), last = graph.Node("Expand", [frames.Number(graph), Shape(current, 1)]);
        Value begins = frames.AreFirst.Where(next.Greater(zero).Where(next, graph.Scalar((float)Features.PhaseTracker.DefaultHz)), zero);
        Value voiced = current.Greater(zero).Where(current, begins);
        Value held = Hold(last.Then(2, voiced)).Slice(2, 1);
        frames.Keep(held.Slice(2, -1));
        Value before = last.Then(2, held.Slice(2, 0, -1));
        before = before.Greater(zero).Where(before, held);
        // A frame before the signal does not advance to the first.
        Value after = next.Greater(zero).Where(next, held) * frames.Are();
        Value hz = before.Then(1, held, after).Transpose(0, 2, 1).ToDouble();
        if (shift.Input is { } ratio) hz *= ratio;
        var (within, whole) = Cycles(hop, centre, sampleRate, shift.Factor);
        // Cycles at the start of each hop, in double: an hour has a million of them, of which the fraction counts.
        Value advance = hz.MatMul(graph.Doubles(whole, 3, 1)), carried = frames.Number(graph).ToDouble();
        Value start = graph.Node("CumSum", [advance, graph.Number(1)], ("exclusive", 1)) + carried + graph.Scalar(startPhase / (2 * Math.PI));
        frames.Keep(Fraction((advance.Slice(1, -1) + start.Slice(1, -1)) - graph.Scalar(startPhase / (2 * Math.PI))).ToFloat());
        Value cycles = Fraction(start).ToFloat() + hz.ToFloat().MatMul(graph.Constant(within, 3, hop));
        return Fraction(cycles) * (float)(2 * Math.PI);
    }

    /// <summary>Values [b, 1, n] above 0 stay, others become the last one before them that is.</summary>
    private static Value Hold(Value values)
    {
        for (int i = 0; i < HoldDoublings; i++)
        {
            long reach = 1L << i;
            Value earlier = values.PadFront(reach).Slice(2, 0, -reach);
            values = values.Greater(values.Graph.Scalar(0f)).Where(values, earlier);
        }
        return values;
    }

    private static Value Fraction(Value x) => x - x.Apply("Floor");

    // [batch, 1, count].
    private static Value Shape(Value like, long count) => like.Graph.Node("Shape", [like], ("end", 2)).Then(0, like.Graph.Numbers(count));

    // F0 at sample t is interpolated between the centres of frames: how many cycles each of the three frames adds up to t, and to the end of the hop.
    private static (float[] Within, double[] Whole) Cycles(int hop, int centre, int sampleRate, double factor)
    {
        var within = new float[3 * hop];
        var whole = new double[3];
        for (int t = 0; t < hop; t++)
        {
            double u = (t - centre) / (double)hop;
            double[] share = [Math.Max(0, -u), 1 - Math.Abs(u), Math.Max(0, u)];
            for (int i = 0; i < 3; i++)
            {
                within[i * hop + t] = (float)whole[i];
                whole[i] += factor * share[i] / sampleRate;
            }
        }
        return (within, whole);
    }
}
