using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>
/// The text encoder of Flowtron (Valle et al. 2021): three convolutions of five taps, each with instance normalisation and a ReLU, and an LSTM in both directions, whose forward half comes first.
/// </summary>
internal sealed class TextEncoder
{
    private const int Convolutions = 3, Taps = 5;
    private const float Epsilon = 1e-5f;
    private readonly ConvLayer[] _convolutions;
    private readonly Tensor[] _scales, _shifts;
    private readonly Tensor _zeros;
    private readonly Lstm _forward, _backward;

    /// <summary>Creates weights for text of <paramref name="channels"/>, an even number.</summary>
    public TextEncoder(ParameterSet parameters, int channels)
    {
        _zeros = new Tensor(1, channels, 1);
        _convolutions = [.. Enumerable.Range(0, Convolutions).Select(i => new ConvLayer(parameters.Scope($"convolutions.{i}.0.conv"), channels, channels, Taps, causal: false))];
        _scales = [.. Enumerable.Range(0, Convolutions).Select(i => parameters.Constant($"convolutions.{i}.1.weight", 1f, channels))];
        _shifts = [.. Enumerable.Range(0, Convolutions).Select(i => parameters.Constant($"convolutions.{i}.1.bias", 0f, channels))];
        ParameterSet lstm = parameters.Scope("lstm");
        (_forward, _backward) = (new Lstm(lstm, channels, channels / 2), new Lstm(lstm, channels, channels / 2, suffix: "_reverse"));
    }

    /// <summary>text [1, channels, n] → [1, channels, n].</summary>
    public Tensor Apply(Ops ops, Tensor text)
    {
        for (int i = 0; i < Convolutions; i++) text = ops.Relu(Normalized(ops, _convolutions[i].Apply(ops, text), i));
        Tensor there = _forward.Apply(ops, text, _forward.Start(ops)), back = _backward.Apply(ops, Sequences.Reversed(ops, text), _backward.Start(ops));
        return ops.Concat(there, Sequences.Reversed(ops, back));
    }

    // Zero mean and unit variance of each channel over the text, then scale and shift of its own.
    private Tensor Normalized(Ops ops, Tensor x, int layer)
    {
        Tensor centred = ops.ChannelAffine(x, _zeros, ops.Scale(ops.SumTime(x), -1f / x.Length));
        Tensor variance = ops.Scale(ops.SumTime(ops.Multiply(centred, centred)), 1f / x.Length);
        Tensor normal = ops.ChannelAffine(centred, ops.Scale(ops.Log(variance, Epsilon), -0.5f), _zeros);
        return ops.ChannelAffine(ops.ChannelScale(normal, _scales[layer]), _zeros, _shifts[layer]);
    }
}
