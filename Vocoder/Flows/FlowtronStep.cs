using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Flows;

/// <summary>What a <see cref="FlowtronStep"/> tells of a mel beside its result, in the order of its own time.</summary>
/// <param name="LogScale">log σ, [1, mel, t].</param>
/// <param name="Attention">Weights [t, n, 1].</param>
/// <param name="AttentionLogarithm">See <see cref="TextAttention.Apply"/>.</param>
/// <param name="Gate">Logits of having come to the end, [1, 1, t]; null in all flows but the last.</param>
internal sealed record FlowtronTrace(Tensor LogScale, Tensor Attention, Tensor AttentionLogarithm, Tensor? Gate);

/// <summary>
/// A flow of Flowtron (Valle et al. 2021, sec. 3): autoregressive over the frames of a mel, z_t = exp(log_s_t)·x_t + b_t, where an LSTM over the frames before
/// t asks the text by attention, and two more layers tell log_s and b. Every second flow goes through the frames from the last to the first.
/// </summary>
internal sealed class FlowtronStep
{
    private const string Site = "flowtron";
    private readonly Lstm _attentionLstm, _lstm;
    private readonly TextAttention _attention;
    private readonly LinearLayer[] _dense;
    private readonly ConvLayer _end;
    private readonly LinearLayer? _gate;
    private readonly int _bands;
    private readonly bool _isBackward;

    public FlowtronStep(ParameterSet parameters, int bands, int text, int hidden, int attention, int layers, bool backward, bool gate,
        bool isCumulative = false)
    {
        (_bands, _isBackward) = (bands, backward);
        if (backward) parameters = parameters.Scope("ar_step");
        _end = new ConvLayer(parameters.Scope("conv"), hidden, 2 * bands, zero: true);
        _lstm = new Lstm(parameters.Scope("lstm"), hidden + attention, hidden, layers);
        _attentionLstm = new Lstm(parameters.Scope("attention_lstm"), bands, hidden);
        _attention = new TextAttention(parameters, hidden, text, attention, isCumulative);
        _dense = [.. Enumerable.Range(0, 2).Select(i => new LinearLayer(parameters.Scope($"dense_layer.layers.{i}.linear_layer"), hidden, hidden))];
        if (gate) _gate = new LinearLayer(parameters.Scope("gate_layer.linear_layer"), hidden + attention, 1);
    }

    /// <summary>
    /// mel [1, bands, t] → z, given a text [1, text, n] and, where the attention has one, a prior [t, n, 1] in natural time; cumulative attention sees some
    /// padding behind the text.
    /// </summary>
    public (Tensor Z, FlowtronTrace Trace) Forward(Ops ops, Tensor mel, Tensor text, Tensor? prior, int padding = 0)
    {
        if (_isBackward) mel = Sequences.Reversed(ops, mel);
        if (_isBackward && prior != null) prior = ops.Take(prior, [.. Enumerable.Range(0, mel.Length).Reverse()]);
        (Tensor logScale, Tensor shift, FlowtronTrace trace) = Parameters(ops, ops.Delay(mel, Site), _attention.Attend(ops, text, padding),
            Start(ops), prior, 1f);
        Tensor z = ops.Affine(mel, logScale, shift);
        return (_isBackward ? Sequences.Reversed(ops, z) : z, trace);
    }

    /// <summary>
    /// z → mel, frame by frame. The frame at which the gate opens is the last one in the flow's own time; in natural time, for a flow that goes backwards, the
    /// first.
    /// </summary>
    /// <param name="ops">Operations.</param>
    /// <param name="z">[1, bands, t], multiplied by σ.</param>
    /// <param name="text">[1, text, n].</param>
    /// <param name="prior">Of the attention, [t, n, 1] in natural time, or null.</param>
    /// <param name="temperature">Of the attention.</param>
    /// <param name="threshold">Probability at which the gate is open; 1 never.</param>
    /// <param name="attention">Weights [n] of each frame in the flow's own time.</param>
    public Tensor Inverse(Ops ops, Tensor z, Tensor text, Tensor? prior, float temperature, double threshold, out IReadOnlyList<float[]> attention)
    {
        if (_isBackward) z = Sequences.Reversed(ops, z);
        AttendedText attended = _attention.Attend(ops, text);
        var state = Start(ops);
        var frames = new List<Tensor>();
        var weights = new List<float[]>();
        Tensor frame = ops.Fill(1, _bands, 1, 0f);
        for (int t = 0; t < z.Length; t++)
        {
            Tensor? told = prior == null ? null : ops.Take(prior, [_isBackward ? z.Length - 1 - t : t]);
            (Tensor logScale, Tensor shift, FlowtronTrace trace) = Parameters(ops, frame, attended, state, told, temperature);
            frames.Add(frame = ops.AffineInverse(ops.Crop(z, t, 1), logScale, shift));
            weights.Add(ops.Read(trace.Attention).ToArray());
            if (trace.Gate != null && 1 / (1 + Math.Exp(-ops.Read(trace.Gate)[0])) > threshold) break;
        }
        attention = weights;
        Tensor mel = Sequences.Join(ops, [.. frames]);
        return _isBackward ? Sequences.Reversed(ops, mel) : mel;
    }

    private (LstmState Attention, LstmState Decoder) Start(Ops ops) => (_attentionLstm.Start(ops), _lstm.Start(ops));

    // Scale and shift of frames, from those before them.
    private (Tensor LogScale, Tensor Shift, FlowtronTrace Trace) Parameters(Ops ops, Tensor before, AttendedText text,
        (LstmState Attention, LstmState Decoder) state, Tensor? prior, float temperature)
    {
        Tensor hidden = _attentionLstm.Apply(ops, before, state.Attention);
        var (context, weights, logarithm) = _attention.Apply(ops, hidden, text, prior, temperature);
        Tensor both = ops.Concat(hidden, context), decoded = _lstm.Apply(ops, both, state.Decoder);
        foreach (LinearLayer layer in _dense) decoded = ops.Tanh(layer.Apply(ops, decoded));
        Tensor output = _end.Apply(ops, decoded), logScale = ops.Slice(output, 0, _bands);
        return (logScale, ops.Slice(output, _bands, _bands), new FlowtronTrace(logScale, weights, logarithm, _gate?.Apply(ops, both)));
    }

}
