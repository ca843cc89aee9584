using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>A text that is read step by step.</summary>
/// <param name="Text">Its encoding, [1, text, n].</param>
/// <param name="Keys">[1, a, n].</param>
/// <param name="Values">[1, a, n].</param>
internal sealed record AttendedText(Tensor Text, Tensor Keys, Tensor Values)
{
    /// <summary>Weights of all steps so far and of the last one, [1, n, 1]; null before the first, and where the attention does not look at them.</summary>
    public (Tensor Sum, Tensor Last)? Read { get; set; }

    private Tensor? _sum, _last;

    /// <summary>Copies what was read out of operations that are about to be reset.</summary>
    public void Keep(Ops ops)
    {
        if (Read is { } read) Read = (Sequences.Kept(ops, read.Sum, ref _sum), Sequences.Kept(ops, read.Last, ref _last));
    }

    /// <summary>Positions behind the text that the location convolutions see, as in a padded batch.</summary>
    public int Padding { get; init; }
}

/// <summary>
/// Additive attention (Bahdanau et al. 2015) as in Flowtron: the weight of position n at step t is the softmax over n of v·tanh(W_q·q_t + W_k·k_n)/temperature,
/// times a prior where one is given. With cumulative attention the text is multiplied before it becomes keys by sigmoids of what two convolutions make of the
/// weights so far and of the last step's, and there is no prior.
/// </summary>
internal sealed class TextAttention
{
    private const float PriorOffset = 1e-20f, LogOffset = 1e-8f;
    private const int LocationChannels = 32;
    private readonly LinearLayer _query, _key, _value, _energy;
    private readonly ConvLayer? _location, _locationEnd;

    public TextAttention(ParameterSet scope, int queries, int text, int channels, bool isCumulative = false)
    {
        ParameterSet parameters = scope.Scope("attention_layer"), location = scope.Scope("attn_cond_layer");
        if (isCumulative)
        {
            _location = new ConvLayer(location.Scope("location_conv_hidden.conv"), 2, LocationChannels, 5, causal: false);
            _locationEnd = new ConvLayer(location.Scope("location_conv_out.conv"), LocationChannels, text, 3, causal: false);
        }
        LinearLayer Linear(string name, int from, int to) => new(parameters.Scope($"{name}.linear_layer"), from, to, bias: false);
        (_query, _key, _value, _energy) = (Linear("query", queries, channels), Linear("key", text, channels), Linear("value", text, channels),
            Linear("v", channels, 1));
    }

    /// <summary>What the steps of one text share: its encoding [1, text, n].</summary>
    public AttendedText Attend(Ops ops, Tensor text, int padding = 0) => new(text, _key.Apply(ops, text), _value.Apply(ops, text)) { Padding = padding };

    /// <summary>
    /// queries [1, q, t] → what they read in the text, [1, a, t], their weights [t, n, 1], and the logarithm of those before they sum to 1 with the prior, [t,
    /// n, 1].
    /// </summary>
    /// <param name="ops">Operations.</param>
    /// <param name="queries">One for each step.</param>
    /// <param name="text">The text.</param>
    /// <param name="prior">Probabilities [t, n, 1], or null.</param>
    /// <param name="temperature">Above 1 flattens the weights.</param>
    public (Tensor Context, Tensor Weights, Tensor Logarithm) Apply(Ops ops, Tensor queries, AttendedText text, Tensor? prior = null, float temperature = 1f)
    {
        if (_location == null) return Apply(ops, queries, text, text.Keys, prior, temperature);
        var parts = new (Tensor Context, Tensor Weights, Tensor Logarithm)[queries.Length];
        for (int t = 0; t < parts.Length; t++)
        {
            parts[t] = Apply(ops, ops.Crop(queries, t, 1), text, LocatedKeys(ops, text), null, temperature);
            text.Read = (text.Read is { } read ? ops.Add(read.Sum, parts[t].Weights) : parts[t].Weights, parts[t].Weights);
        }
        Tensor Joined(Func<(Tensor Context, Tensor Weights, Tensor Logarithm), Tensor> part) => Sequences.Join(ops, [.. parts.Select(part)]);
        return (Joined(p => p.Context), Sequences.Items(ops, Joined(p => p.Weights)), Sequences.Items(ops, Joined(p => p.Logarithm)));
    }

    // The text times σ(x) = (1 + tanh(x/2))/2 of what the convolutions see of the weights, those of all steps first.
    private Tensor LocatedKeys(Ops ops, AttendedText text)
    {
        int length = text.Text.Length, padded = length + text.Padding;
        Tensor zeros = ops.Fill(1, length, 1, 0f);
        Tensor Row(Tensor weights) => ops.Reshape(text.Padding == 0 ? weights : ops.Concat(weights, ops.Fill(1, text.Padding, 1, 0f)), 1, 1, padded);
        Tensor seen = ops.Concat(Row(text.Read?.Sum ?? zeros), Row(text.Read?.Last ?? zeros));
        Tensor gates = ops.Tanh(ops.Scale(_locationEnd!.Apply(ops, ops.Relu(_location!.Apply(ops, seen))), 0.5f));
        if (text.Padding > 0) gates = ops.Crop(gates, 0, length);
        return _key.Apply(ops, ops.Scale(ops.Add(text.Text, ops.Multiply(text.Text, gates)), 0.5f));
    }

    private (Tensor Context, Tensor Weights, Tensor Logarithm) Apply(Ops ops, Tensor queries, AttendedText text, Tensor positions, Tensor? prior,
        float temperature)
    {
        int steps = queries.Length, length = positions.Length, channels = positions.Channels;
        Tensor energy = ops.Scale(ops.AdditiveScores(_query.Apply(ops, queries), positions, _energy.Weight), 1f / temperature);
        Tensor weights = ops.Exp(ops.LogSoftmax(energy)), logarithm = ops.Log(weights, LogOffset);
        if (prior != null)
        {
            logarithm = ops.Add(ops.Log(weights, PriorOffset), ops.Log(prior, PriorOffset));
            weights = ops.Exp(ops.LogSoftmax(logarithm));
        }
        // Σ_n weight·value: the values are the weight of a convolution over the positions.
        Tensor values = ops.Reshape(text.Values, channels, length, 1), read = ops.Conv1d(weights, values, null);
        return (ops.Transpose(ops.Reshape(read, 1, steps, channels)), weights, logarithm);
    }
}
