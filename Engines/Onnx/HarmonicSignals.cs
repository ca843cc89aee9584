namespace FlowVocoder.Onnx;

/// <summary>
/// The signals of <see cref="Features.HarmonicBands"/> as a graph has them: not written out, 28 signals of which each sample needs a hundred cosines, but as
/// the phase and F0 that they are made of. Mixed, a sum over bands of gains and weighted cosines is one over harmonics, Σ_k (Σ_j gain_j·w_jk)·cos kφ, and with
/// k = 1 + r + q·10 a product of matrices: ten times ten harmonics want cosines and sines of twenty angles.
/// </summary>
/// <param name="Phase">φ of each sample, [b, n, hop].</param>
/// <param name="Hz">F0 of each frame, 0 where unvoiced, [b, n, 1].</param>
/// <param name="Edges">Upper edges of the bands in Hz.</param>
/// <param name="LowestHz">F0 is never below.</param>
/// <param name="SampleRate">Samples a second.</param>
/// <param name="Hop">Samples of a frame.</param>
/// <param name="Group">Samples that share a gain.</param>
internal sealed record HarmonicSignals(Value Phase, Value Hz, float[] Edges, double LowestHz, int SampleRate, int Hop, int Group)
{
    // k = 1 + r + q·Side: as many q and r, that all k which a band holds are there. What lies beyond the last edge has no weight.
    private int Side => (int)Math.Ceiling(Math.Sqrt(Math.Floor(Edges[^1] / LowestHz + 0.5)));

    /// <summary>The signals with gains [b, 2·bands, groups], cosine and sine of the first band, then of the next: [b, 1, samples].</summary>
    public Value Mix(Value gains)
    {
        // [b, 2·bands, groups] → [b, n, groups of a frame times 2, bands] times weights [b, n, bands, harmonics].
        int steps = Hop / Group, side = Side;
        Value byFrame = gains.Reshape(0, Edges.Length, 2, -1, steps).Transpose(0, 3, 4, 2, 1).Reshape(0, -1, 2 * steps, Edges.Length);
        Value perHarmonic = byFrame.MatMul(Weights(side * side)).Reshape(0, 0, steps, 2, side, side);
        Value cosines = perHarmonic.Slice(3, 0, 1).Reshape(0, 0, steps, side, side);
        Value sines = perHarmonic.Slice(3, 1).Reshape(0, 0, steps, side, side);
        // Σ_q e^{iq·Side·φ}·Σ_r (cosine gain - i·sine gain)·e^{i(1+r)φ}: the real parts of the inner sums, and below them the imaginary ones, negative.
        Value real = cosines.Then(4, sines), imaginary = sines.Then(4, cosines.Apply("Neg"));
        Value phase = Phase.Reshape(0, -1, steps, 1, Group), inner = real.Then(3, imaginary).MatMul(Waves(phase, 1, 1));
        return (inner * Waves(phase, 0, side)).Sum(3).Reshape(0, 1, -1);
    }

    // Cosines of multiples of the phase, and below them sines.
    private Value Waves(Value phase, int first, int step)
    {
        float[] multiples = [.. Enumerable.Range(0, Side).Select(i => (float)(first + i * step))];
        Value angles = phase * Phase.Graph.Constant(multiples, Side, 1);
        return angles.Apply("Cos").Then(3, angles.Apply("Sin"));
    }

    // w_jk = 2·√(F0/rate)·(what band j has of (k ± ½)·F0)/F0, [b, n, bands, harmonics].
    private Value Weights(int count)
    {
        Graph graph = Phase.Graph;
        Value voiced = Hz.Greater(graph.Scalar(0f)), hz = voiced.Where(Hz, graph.Scalar((float)LowestHz)).Unsqueeze(3);
        float[] numbers = [.. Enumerable.Range(1, count).Select(k => (float)k)], lower = [0f, .. Edges[..^1]];
        Value k = graph.Constant(numbers, 1, 1, 1, count), low = graph.Constant(lower, 1, 1, Edges.Length, 1);
        Value high = graph.Constant(Edges, 1, 1, Edges.Length, 1);
        Value overlap = (((k + 0.5f) * hz).Min(high) - ((k + -0.5f) * hz).Max(low)).Apply("Relu");
        return overlap / hz * ((hz * (1f / SampleRate)).Apply("Sqrt") * 2f) * voiced.ToFloat().Unsqueeze(3);
    }
}
