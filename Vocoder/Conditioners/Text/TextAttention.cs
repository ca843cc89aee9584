using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>Keys and values of a text, [1, a, n] each.</summary>
internal readonly record struct AttendedText(Tensor Keys, Tensor Values);

/// <summary>
/// Additive attention (Bahdanau et al. 2015) as in Flowtron: the weight of position n at step t is the softmax over n of v·tanh(W_q·q_t + W_k·k_n)/temperature, times a prior where one is given.
/// </summary>
internal sealed class TextAttention
{
    private const float PriorOffset = 1e-20f, LogOffset = 1e-8f;
    private readonly LinearLayer _query, _key, _value, _energy;

    public TextAttention(ParameterSet parameters, int queries, int text, int channels)
    {
        LinearLayer Linear(string name, int from, int to) => new(parameters.Scope($"{name}.linear_layer"), from, to, bias: false);
        (_query, _key, _value, _energy) = (Linear("query", queries, channels), Linear("key", text, channels), Linear("value", text, channels), Linear("v", channels, 1));
    }

    /// <summary>What the steps of one text share: its encoding [1, text, n].</summary>
    public AttendedText Attend(Ops ops, Tensor text) => new(_key.Apply(ops, text), _value.Apply(ops, text));

    /// <summary>
    /// queries [1, q, t] → what they read in the text, [1, a, t], their weights [t, n, 1], and the logarithm of those before they sum to 1 with the prior, [t, n, 1].
    /// </summary>
    /// <param name="ops">Operations.</param>
    /// <param name="queries">One for each step.</param>
    /// <param name="text">The text.</param>
    /// <param name="prior">Probabilities [t, n, 1], or null.</param>
    /// <param name="temperature">Above 1 flattens the weights.</param>
    public (Tensor Context, Tensor Weights, Tensor Logarithm) Apply(Ops ops, Tensor queries, AttendedText text, Tensor? prior = null, float temperature = 1f)
    {
        int steps = queries.Length, length = text.Keys.Length, channels = text.Keys.Channels;
        Tensor asked = Sequences.Items(ops, _query.Apply(ops, queries));
        // Each step's query at all positions, and the keys at all steps.
        Tensor spread = ops.Reshape(ops.Conv1d(ops.Reshape(asked, steps * channels, 1, 1), ops.Fill(length, 1, 1, 1f), null), steps, channels, length);
        Tensor keys = ops.Take(text.Keys, new int[steps]);
        Tensor energy = ops.Scale(_energy.Apply(ops, ops.Tanh(ops.Add(spread, keys))), 1f / temperature);
        Tensor weights = ops.Exp(ops.LogSoftmax(ops.Transpose(energy))), logarithm = ops.Log(weights, LogOffset);
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
