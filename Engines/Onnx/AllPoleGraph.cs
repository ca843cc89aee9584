using FlowVocoder.Features;
using global::Onnx;

namespace FlowVocoder.Onnx;

/// <summary>
/// The filters of linear prediction as nodes, <see cref="LinearPredictionFilter"/>. The way back is a recursion: within a block the filter is fixed, so that
/// y = (e + p·M)·H, with p the last samples before the block, M what the taps make of them, and H the triangular Toeplitz matrix of the impulse response. Only
/// p goes from block to block, 345 times a second.
/// </summary>
/// <remarks>
/// Carried in logarithmic depth instead, by products of the matrices that take p from block to block, 344 frames of a voice of order 48 took 2.6 times as long.
/// </remarks>
internal sealed class AllPoleGraph(MelLinearPredictor predictor)
{
    private const TensorProto.Types.DataType Float = TensorProto.Types.DataType.Float;
    private readonly int _order = predictor.Order, _block = predictor.BlockSize, _blocks = predictor.BlocksPerHop;

    /// <summary>Excitation to speech.</summary>
    /// <param name="excitation">[b, blocks, block size].</param>
    /// <param name="taps">[b, blocks, order].</param>
    /// <param name="memory">Keeps the last samples from run to run; null for none.</param>
    /// <returns>[b, blocks, block size].</returns>
    public Value Filter(Value excitation, Value taps, StreamMemory? memory)
    {
        // One step of the loop is a hop: what it costs to begin one is shared by its blocks, and only their matrices are in memory.
        Graph graph = excitation.Graph, body = graph.Inner("hop");
        Value past = body.Input("past", Float, "batch", 1, 1, _order), e = body.Input("hop_excitation", Float, "batch", _blocks, 1, _block);
        Value a = body.Input("hop_taps", Float, "batch", _blocks, _order), h = body.Input("hop_response", Float, "batch", _blocks, _block);
        // Sample j of the past, the newest last, and sample t of the block are order + t - j apart: row t of the transpose is the taps backwards, t places
        // further on.
        Value[] ringing = Split(Toeplitz(a.Reverse(2).PadBack(_block), _order + _block, _block, _order).Transpose(0, 1, 3, 2));
        Value[] response = Split(Toeplitz(h.PadBack(_block), 2 * _block, _block, _block)), given = Split(e), speech = new Value[_blocks];
        for (int i = 0; i < _blocks; i++)
        {
            speech[i] = (past.MatMul(ringing[i]) + given[i]).MatMul(response[i]);
            past = _block >= _order ? speech[i].Slice(3, -_order) : past.Slice(3, _block).Then(3, speech[i]);
        }
        body.Output(past, "next_past", Float, "batch", 1, 1, _order);
        body.Output(speech[0].Then(3, speech[1..]), "hop_speech", Float, "batch", 1, 1, _blocks * _block);
        Value start = memory?.Take(_order) ?? (taps.Slice(1, 0, 1) * 0f).Reshape(0, _order);
        Value responses = ImpulseResponse(taps).Reshape(0, -1, _blocks, _block);
        Value[] hops = [excitation.Reshape(0, -1, _blocks, 1, _block), taps.Reshape(0, -1, _blocks, _order), responses];
        Value[] results = graph.Nodes("Scan", [start.Unsqueeze(1, 2), .. hops], 2,
            ("body", body), ("num_scan_inputs", 3), ("scan_input_axes", new long[] { 1, 1, 1 }), ("scan_output_axes", new long[] { 1 }));
        memory?.Keep(results[0].Reshape(0, _order));
        return results[1].Reshape(0, -1, _block);
    }

    /// <summary>Speech to excitation, e_t = (x_t - Σ_k a_k·x_{t-k}) / g_t: the signal and its past, one tap later each.</summary>
    /// <param name="speech">[b, 1, samples].</param>
    /// <param name="taps">[b, blocks, order].</param>
    /// <param name="gains">[b, blocks, 1].</param>
    /// <param name="memory">Keeps the last samples from run to run; null for none.</param>
    /// <returns>[b, 1, samples].</returns>
    public Value Analyze(Value speech, Value taps, Value gains, StreamMemory? memory)
    {
        Value known = memory?.Precede(speech, 1, _order) ?? speech.PadFront(_order), excitation = speech.Reshape(0, -1, _block);
        for (int k = 1; k <= _order; k++) excitation -= known.Slice(2, _order - k, -k).Reshape(0, -1, _block) * taps.Slice(2, k - 1, k);
        return (excitation / gains).Reshape(0, 1, -1);
    }

    // h_t = Σ_k a_k·h_{t-k} with h_0 = 1, [b, blocks, block size]: all blocks at once, sample by sample. Doubling what is known of it in each step
    // loses a digit in single precision.
    private Value ImpulseResponse(Value taps)
    {
        Graph graph = taps.Graph, body = graph.Inner("response");
        Value past = body.Input("response_past", Float, "batch", "blocks", _order);
        body.Input("response_step", TensorProto.Types.DataType.Int64);
        Value next = (past * taps).Sum(2);
        body.Output(_order == 1 ? next : next.Then(2, past.Slice(2, 0, -1)), "response_next", Float, "batch", "blocks", _order);
        body.Output(next, "response_value", Float, "batch", "blocks", 1);
        float[] unit = [1, .. new float[_order - 1]];
        Value impulse = taps * 0f + graph.Constant(unit, _order);
        Value[] results = graph.Nodes("Scan", [impulse, graph.Numbers([.. Enumerable.Range(1, _block - 1).Select(t => (long)t)])], 2,
            ("body", body), ("num_scan_inputs", 1), ("scan_output_axes", new long[] { 2 }));
        return impulse.Slice(2, 0, 1).Then(2, results[1].Reshape(0, 0, -1));
    }

    // [b, blocks, length] to [b, blocks, rows, columns] with row r, column c of it w_{c-r}, counted around: rows of one place less, cut from w over and over.
    private static Value Toeplitz(Value w, int length, int rows, int columns)
    {
        Value again = w.Graph.Node("Tile", [w, w.Graph.Numbers(1, 1, rows)]);
        return again.Slice(2, 0, rows * (length - 1)).Reshape(0, 0, rows, length - 1).Slice(3, 0, columns);
    }

    private Value[] Split(Value hop) => _blocks == 1 ? [hop] : hop.Graph.Nodes("Split", [hop], _blocks, ("axis", 1));
}
