using System.Runtime.Intrinsics;
using FlowVocoder.Features;
using global::Onnx;

namespace FlowVocoder.Onnx;

/// <summary>
/// Linear prediction from the mel, and its synthesis filter, as nodes: <see cref="MelLinearPredictor"/> and <see cref="LinearPredictionFilter"/>.
/// </summary>
internal sealed class PredictionGraph(MelLinearPredictor predictor)
{
    private const TensorProto.Types.DataType Float = TensorProto.Types.DataType.Float, Double = TensorProto.Types.DataType.Double;
    private readonly int _order = predictor.Order, _block = predictor.BlockSize, _blocks = predictor.BlocksPerHop;

    /// <summary>Frames of a mel [b, bands, n], with those before and after each, to taps [b, blocks, order] and gains [b, blocks, 1].</summary>
    public (Value Taps, Value Gains) Predict(Value before, Value current, Value after)
    {
        Graph graph = current.Graph;
        var blended = new Value[_blocks];
        for (int i = 0; i < _blocks; i++)
        {
            float at = predictor.Position(i);
            Value other = at < 0 ? before : after;
            blended[i] = (current + (other - current) * Math.Abs(at)).Transpose(0, 2, 1).Unsqueeze(2);
        }
        Value mel = blended[0].Then(2, blended[1..]).Reshape(0, -1, predictor.Envelope.Bands);
        var (slopes, offsets) = Envelope();
        Value logPower = mel.MatMul(graph.Constant(slopes, predictor.Envelope.Bands, predictor.Envelope.Points))
            + graph.Constant(offsets, predictor.Envelope.Points);
        Value power = graph.Node("Clip", [logPower, graph.Scalar(MelLinearPredictor.LowestLogPower), graph.Scalar(MelLinearPredictor.HighestLogPower)])
            .Apply("Exp").ToDouble();
        var (taps, error) = LevinsonDurbin(power.MatMul(graph.Doubles(Correlation(), predictor.Envelope.Points, _order + 1)));
        return (taps.ToFloat(), error.Apply("Sqrt").ToFloat());
    }

    /// <summary>
    /// Excitation [b, samples] to speech. Within a block the filter is fixed: y = H·(g·e + M·p), with H the triangular Toeplitz matrix of its impulse response,
    /// p the last samples before the block and M what the taps make of them. Only p goes from block to block, 345 times a second.
    /// </summary>
    /// <param name="excitation">[b, blocks, block size].</param>
    /// <param name="taps">[b, blocks, order].</param>
    /// <param name="memory">Keeps the last samples from run to run; null for none.</param>
    /// <returns>[b, blocks, block size].</returns>
    public Value Filter(Value excitation, Value taps, StreamMemory? memory)
    {
        Graph graph = excitation.Graph, body = graph.Inner("block");
        // Places beyond the taps, and before the response begins, are a zero that stands behind; the newest of the past comes first.
        Value past = body.Input("past", Float, "batch", _order), e = body.Input("block_excitation", Float, "batch", _block, 1);
        Value a = body.Input("block_taps", Float, "batch", _order + 1), h = body.Input("block_response", Float, "batch", _block + 1);
        Value ringing = a.Gather(Places(body, _block, _order, (t, m) => t + m < _order ? t + m : _order), 1).MatMul(past.Unsqueeze(2));
        Value triangle = h.Gather(Places(body, _block, _block, (t, s) => t >= s ? t - s : _block), 1);
        Value y = triangle.MatMul(e + ringing).Reshape(0, _block);
        Value latest = _block >= _order ? y.Slice(1, -_order) : past.Slice(1, 0, _order - _block).Reverse(1).Then(1, y);
        body.Output(latest.Reverse(1), "next_past", Float, "batch", _order);
        body.Output(y, "block_speech", Float, "batch", _block);
        Value start = memory?.Take(_order) ?? (taps.Slice(1, 0, 1) * 0f).Reshape(0, _order);
        Value[] results = graph.Nodes("Scan", [start, excitation.Unsqueeze(3), taps.PadBack(1), ImpulseResponse(taps).PadBack(1)], 2,
            ("body", body), ("num_scan_inputs", 3), ("scan_input_axes", new long[] { 1, 1, 1 }), ("scan_output_axes", new long[] { 1 }));
        memory?.Keep(results[0]);
        return results[1];
    }

    // h_t = Σ_k a_k·h_{t-k} with h_0 = 1, [b, blocks, block size]: all blocks at once, sample by sample.
    private Value ImpulseResponse(Value taps)
    {
        Graph graph = taps.Graph, body = graph.Inner("response");
        Value past = body.Input("response_past", Float, "batch", "blocks", _order);
        body.Input("response_step", TensorProto.Types.DataType.Int64);
        Value next = (past * taps).Sum(2);
        body.Output(_order == 1 ? next : next.Then(2, past.Slice(2, 0, -1)), "response_next", Float, "batch", "blocks", _order);
        body.Output(next.Reshape(0, 0), "response_value", Float, "batch", "blocks");
        Value impulse = Unit(taps);
        Value[] results = graph.Nodes("Scan", [impulse, graph.Numbers([.. Enumerable.Range(1, _block - 1).Select(t => (long)t)])], 2,
            ("body", body), ("num_scan_inputs", 1), ("scan_output_axes", new long[] { 2 }));
        return impulse.Slice(2, 0, 1).Then(2, results[1]);
    }

    // Autocorrelations [b, blocks, order + 1] to taps and the power of the error, by Schur's form of the recursion (1917), in which every step is the same:
    // u and v are what is left to predict of each lag, forwards and backwards, and A and B the filters that have predicted so far.
    private (Value Taps, Value Error) LevinsonDurbin(Value r)
    {
        Graph graph = r.Graph, body = graph.Inner("levinson");
        object[] lags = ["batch", "blocks", _order], filter = ["batch", "blocks", _order + 1];
        Value u = body.Input("u", Double, lags), v = body.Input("v", Double, lags), a = body.Input("a", Double, filter), b = body.Input("b", Double, filter);
        Value goesOn = body.Input("goes_on", Double, "batch", "blocks", 1);
        body.Input("levinson_step", TensorProto.Types.DataType.Int64);
        Value zero = graph.Scalar(0.0), one = graph.Scalar(1.0), error = v.Slice(2, 0, 1);
        Value reflection = u.Slice(2, 0, 1) / error.Greater(zero).Where(error, one);
        goesOn *= body.Node("And", [error.Greater(zero), one.In(body).Greater(reflection.Apply("Abs"))]).ToDouble();
        reflection *= goesOn;
        Value shifted = b.Slice(2, 0, -1).PadFront(1), forward = u - reflection * v, backward = v - reflection * u;
        body.Output(forward.Slice(2, 1).PadBack(1), "u_next", Double, lags);
        body.Output(backward, "v_next", Double, lags);
        body.Output(a - reflection * shifted, "a_next", Double, filter);
        body.Output(shifted - reflection * a, "b_next", Double, filter);
        body.Output(goesOn, "goes_on_next", Double, "batch", "blocks", 1);
        Value unit = r * zero + graph.Doubles(First(_order + 1), _order + 1);
        Value[] results = graph.Nodes("Scan", [r.Slice(2, 1), r.Slice(2, 0, -1), unit, unit, unit.Slice(2, 0, 1),
            graph.Numbers([.. Enumerable.Range(0, _order).Select(i => (long)i)])], 5,
            ("body", body), ("num_scan_inputs", 1));
        return (results[2].Slice(2, 1).Apply("Neg"), results[1].Slice(2, 0, 1));
    }

    // The envelope's map is affine, and its own values say what it is.
    private (float[] Slopes, float[] Offsets) Envelope()
    {
        const float Probe = 64;
        MelEnvelope envelope = predictor.Envelope;
        var mel = new Vector128<float>[envelope.Bands];
        var spectrum = new Vector128<float>[envelope.Points];
        envelope.LogPower(mel, spectrum);
        float[] offsets = [.. spectrum.Select(point => point[0])], slopes = new float[envelope.Bands * envelope.Points];
        for (int band = 0; band < envelope.Bands; band++)
        {
            mel[band] = Vector128.Create(Probe);
            envelope.LogPower(mel, spectrum);
            for (int k = 0; k < envelope.Points; k++) slopes[band * envelope.Points + k] = (spectrum[k][0] - offsets[k]) / Probe;
            mel[band] = default;
        }
        return (slopes, offsets);
    }

    // So is that from the power to the lags, which is linear: [points, lags].
    private double[] Correlation()
    {
        int points = predictor.Envelope.Points, lags = _order + 1;
        var matrix = new double[points * lags];
        var power = new Vector128<float>[points];
        var r = new Vector256<double>[lags];
        for (int k = 0; k < points; k++)
        {
            power[k] = Vector128.Create(1f);
            predictor.Correlation.Compute(power, r);
            for (int l = 0; l < lags; l++) matrix[k * lags + l] = r[l][0];
            power[k] = default;
        }
        return matrix;
    }

    // 1, 0, 0, … for each block.
    private Value Unit(Value taps)
    {
        float[] first = [.. First(_order).Select(x => (float)x)];
        return taps * 0f + taps.Graph.Constant(first, _order);
    }

    private static double[] First(int count) => [1, .. new double[count - 1]];

    private static Value Places(Graph graph, int rows, int columns, Func<int, int, int> place)
    {
        var places = new long[rows * columns];
        for (int i = 0; i < places.Length; i++) places[i] = place(i / columns, i % columns);
        return graph.Table(places, rows, columns);
    }
}
