using System.Runtime.Intrinsics;
using FlowVocoder.Features;
using global::Onnx;

namespace FlowVocoder.Onnx;

/// <summary>Linear prediction from the mel as nodes: <see cref="MelLinearPredictor"/>.</summary>
internal sealed class PredictionGraph(MelLinearPredictor predictor)
{
    private const TensorProto.Types.DataType Double = TensorProto.Types.DataType.Double;
    private readonly int _order = predictor.Order, _blocks = predictor.BlocksPerHop;

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

    // Autocorrelations [b, blocks, order + 1] to taps and the power of the error, by Schur's form of the recursion (1917), in which every step is the same:
    // u and v are what is left to predict of each lag, forwards and backwards, and A and B the filters that have predicted so far. Of u, v one lag less is
    // wanted with each step, and of A, B one more is known, so they share a vector each: (u_m … u_p, A_0 … A_m) loses its first place, a zero, and moves on
    // along (v_m … v_p, z·B).
    private (Value Taps, Value Error) LevinsonDurbin(Value r)
    {
        Graph graph = r.Graph, body = graph.Inner("levinson");
        Value x = body.Input("forwards", Double, "batch", "blocks", _order + 2);
        Value y = body.Input("backwards", Double, "batch", "blocks", _order + 2);
        Value goesOn = body.Input("goes_on", TensorProto.Types.DataType.Bool, "batch", "blocks", 1), used = body.Input("used", Double, _order + 2);
        Value u = x.Slice(2, 0, 1), error = y.Slice(2, 0, 1);
        // A reflection of 1 or more is rounding only; where a block ends, it stays as it is.
        goesOn = body.Node("And", [goesOn, error.Greater(u.Apply("Abs"))]);
        Value reflection = goesOn.Where(u / error, graph.Scalar(0.0));
        Value shifted = body.Node("Pad", [x - reflection * y, graph.Numbers(0, 0, -1, 0, 0, 1)]);
        body.Output(shifted, "forwards_next", Double, "batch", "blocks", _order + 2);
        body.Output((y - reflection * x) * used, "backwards_next", Double, "batch", "blocks", _order + 2);
        body.Output(goesOn, "goes_on_next", TensorProto.Types.DataType.Bool, "batch", "blocks", 1);
        Value zero = r.Slice(2, 0, 1) * graph.Scalar(0.0), one = zero + graph.Scalar(1.0);
        Value[] start = [r.Slice(2, 1).Then(2, one, zero), r.Slice(2, 0, -1).Then(2, zero, one), one.Cast(TensorProto.Types.DataType.Bool)];
        Value[] results = graph.Nodes("Scan", [.. start, graph.Doubles(Used(), _order, _order + 2)], 3, ("body", body), ("num_scan_inputs", 1));
        return (results[0].Slice(2, 1, -1).Apply("Neg"), results[1].Slice(2, 0, 1));
    }

    // What step m leaves of v in the place of z·B_0 is no part of it; the last step leaves the error.
    private double[] Used()
    {
        int size = _order + 2;
        var used = new double[_order * size];
        Array.Fill(used, 1);
        for (int m = 1; m < _order; m++) used[(m - 1) * size + _order - m] = 0;
        return used;
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
}
