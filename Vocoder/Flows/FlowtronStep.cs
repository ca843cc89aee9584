using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Models;

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
    /// z → mel in natural time: frame by frame while they are asked for, or, where the flow goes backwards, all of them as soon as the first is asked for. The
    /// frame at which the gate opens is the last one in the flow's own time; in natural time, for a flow that goes backwards, the first.
    /// </summary>
    /// <param name="engine">What computes.</param>
    /// <param name="parallelism">Threads.</param>
    /// <param name="z">In natural time.</param>
    /// <param name="text">[1, text, n].</param>
    /// <param name="prior">Of the attention, [t, n, 1] in natural time, or null.</param>
    /// <param name="temperature">Of the attention.</param>
    /// <param name="threshold">Probability at which the gate is open; 1 never.</param>
    public IEnumerable<FlowtronFrame> Inverse(Engine engine, Parallelism parallelism, IEnumerable<FlowtronFrame> z, Tensor text, Tensor? prior,
        float temperature, double threshold)
    {
        if (!_isBackward) return InOwnTime(engine, parallelism, z, text, t => prior == null ? -1 : t, prior, temperature, threshold);
        return Backward();

        IEnumerable<FlowtronFrame> Backward()
        {
            FlowtronFrame[] all = [.. z.Reverse()];
            foreach (FlowtronFrame frame in InOwnTime(engine, parallelism, all, text, t => prior == null ? -1 : all.Length - 1 - t, prior, temperature,
                threshold).Reverse()) yield return frame;
        }
    }

    // A frame at a time, whose memory is used again for the next.
    private IEnumerable<FlowtronFrame> InOwnTime(Engine engine, Parallelism parallelism, IEnumerable<FlowtronFrame> z, Tensor text, Func<int, int> priorOf,
        Tensor? prior, float temperature, double threshold)
    {
        Ops lasting = engine.Compute(parallelism), ops = engine.Compute(parallelism);
        AttendedText attended = _attention.Attend(lasting, text);
        var state = Start(lasting);
        Tensor? before = null;
        int t = 0;
        foreach (FlowtronFrame given in z)
        {
            Tensor? told = priorOf(t++) is >= 0 and var row ? ops.Take(prior!, [row]) : null;
            (Tensor logScale, Tensor shift, FlowtronTrace trace) = Parameters(ops, before ?? ops.Fill(1, _bands, 1, 0f), attended, state, told, temperature);
            Sequences.Kept(ops, ops.AffineInverse(Tensor.From(given.Values, 1, _bands, 1), logScale, shift), ref before);
            bool isLast = trace.Gate != null && 1 / (1 + Math.Exp(-ops.Read(trace.Gate)[0])) > threshold;
            var frame = new FlowtronFrame(before!.Span.ToArray(), [.. given.Attention, ops.Read(trace.Attention).ToArray()]);
            foreach (LstmState lstm in (LstmState[])[state.Attention, state.Decoder]) lstm.Keep(ops);
            attended.Keep(ops);
            ops.Reset();
            yield return frame;
            if (isLast) yield break;
        }
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
