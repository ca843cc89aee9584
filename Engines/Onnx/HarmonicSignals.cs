namespace FlowVocoder.Onnx;

/// <summary>
/// The signals of <see cref="Features.HarmonicBands"/> as a graph has them: not written out, 28 signals of which each sample needs a hundred cosines, but as
/// the phase and F0 that they are made of. Mixed, a sum over bands of gains and weighted cosines is one over harmonics, Σ_k (Σ_j gain_j·w_jk)·cos kφ,
/// which Clenshaw's recurrence (1955) sums without computing a cosine of a multiple.
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
    private int Harmonics => (int)Math.Floor(Edges[^1] / LowestHz + 0.5);

    /// <summary>The signals with gains [b, 2·bands, groups], cosine and sine of the first band, then of the next: [b, 1, samples].</summary>
    public Value Mix(Value gains)
    {
        // [b, 2·bands, groups] → [b, n, 2, groups of a frame, bands] times weights [b, n, 1, bands, harmonics].
        int steps = Hop / Group;
        Value byFrame = gains.Reshape(0, Edges.Length, 2, -1, steps).Transpose(0, 3, 2, 4, 1);
        Value perHarmonic = byFrame.MatMul(Weights().Unsqueeze(2));
        Value phase = Phase.Reshape(0, -1, 1, steps, Group), cos = phase.Apply("Cos"), twice = cos * 2f;
        Value? one = null, two = null;
        for (int k = Harmonics - 1; k >= 0; k--)
        {
            Value next = perHarmonic.Slice(4, k, k + 1);
            if (one is { } first) next += twice * first;
            if (two is { } second) next -= second;
            (two, one) = (one, next);
        }
        Value cosines = one!.Value.Slice(2, 0, 1) * cos, sines = one.Value.Slice(2, 1) * phase.Apply("Sin");
        return (cosines + sines - two!.Value.Slice(2, 0, 1)).Reshape(0, 1, -1);
    }

    // w_jk = 2·√(F0/rate)·(what band j has of (k ± ½)·F0)/F0, [b, n, bands, harmonics].
    private Value Weights()
    {
        Graph graph = Phase.Graph;
        Value voiced = Hz.Greater(graph.Scalar(0f)), hz = voiced.Where(Hz, graph.Scalar((float)LowestHz)).Unsqueeze(3);
        float[] numbers = [.. Enumerable.Range(1, Harmonics).Select(k => (float)k)], lower = [0f, .. Edges[..^1]];
        Value k = graph.Constant(numbers, 1, 1, 1, Harmonics), low = graph.Constant(lower, 1, 1, Edges.Length, 1),
            high = graph.Constant(Edges, 1, 1, Edges.Length, 1);
        Value overlap = (((k + 0.5f) * hz).Min(high) - ((k + -0.5f) * hz).Max(low)).Apply("Relu");
        return overlap / hz * ((hz * (1f / SampleRate)).Apply("Sqrt") * 2f) * voiced.ToFloat().Unsqueeze(3);
    }
}
