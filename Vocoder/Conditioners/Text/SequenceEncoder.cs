using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>
/// The encoder of Flowtron (Valle et al. 2021) for texts, three convolutions of five taps, and for mels, two of three: each with instance normalisation and a
/// ReLU, and an LSTM in both directions, whose forward half comes first.
/// </summary>
internal sealed class SequenceEncoder
{
    private const float Epsilon = 1e-5f;
    private readonly ConvLayer[] _convolutions;
    private readonly Tensor[] _scales, _shifts;
    private readonly Tensor _zeros;
    private readonly Lstm _forward, _backward;

    /// <summary>Creates weights for an even number of channels.</summary>
    public SequenceEncoder(ParameterSet parameters, int inputs, int channels, int convolutions, int taps)
    {
        _zeros = new Tensor(1, channels, 1);
        _convolutions = [.. Enumerable.Range(0, convolutions)
            .Select(i => new ConvLayer(parameters.Scope($"convolutions.{i}.0.conv"), i == 0 ? inputs : channels, channels, taps, causal: false))];
        _scales = [.. Enumerable.Range(0, convolutions).Select(i => parameters.Constant($"convolutions.{i}.1.weight", 1f, channels))];
        _shifts = [.. Enumerable.Range(0, convolutions).Select(i => parameters.Constant($"convolutions.{i}.1.bias", 0f, channels))];
        ParameterSet lstm = parameters.Scope("lstm");
        (_forward, _backward) = (new Lstm(lstm, channels, channels / 2), new Lstm(lstm, channels, channels / 2, suffix: "_reverse"));
    }

    /// <summary>x [1, inputs, n] → [1, channels, n].</summary>
    public Tensor Apply(Ops ops, Tensor x)
    {
        for (int i = 0; i < _convolutions.Length; i++) x = ops.Relu(Normalized(ops, _convolutions[i].Apply(ops, x), i));
        Tensor there = _forward.Apply(ops, x, _forward.Start(ops)), back = _backward.Apply(ops, Sequences.Reversed(ops, x), _backward.Start(ops));
        return ops.Concat(there, Sequences.Reversed(ops, back));
    }

    // Zero mean and unit variance of each channel over the sequence, then scale and shift of its own.
    private Tensor Normalized(Ops ops, Tensor x, int layer)
    {
        Tensor centred = ops.ChannelAffine(x, _zeros, ops.Scale(ops.SumTime(x), -1f / x.Length));
        Tensor variance = ops.Scale(ops.SumTime(ops.Multiply(centred, centred)), 1f / x.Length);
        Tensor normal = ops.ChannelAffine(centred, ops.Scale(ops.Log(variance, Epsilon), -0.5f), _zeros);
        return ops.ChannelAffine(ops.ChannelScale(normal, _scales[layer]), _zeros, _shifts[layer]);
    }
}
