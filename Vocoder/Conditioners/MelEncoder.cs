using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>
/// Turns mel frames into the condition of a flow at group rate: three causal convolutions at frame rate, the last one giving all steps of a hop.
/// The look-ahead is a delay: output i is computed when frame i + lookAhead has been seen.
/// </summary>
internal sealed class MelEncoder
{
    private readonly ConvLayer _first, _second, _last;
    private readonly int _stepsPerFrame;

    public MelEncoder(ParameterSet parameters, int bands, int channels, int conditionChannels, int stepsPerFrame)
    {
        _stepsPerFrame = stepsPerFrame;
        _first = new ConvLayer(parameters.Scope("0"), bands, channels, taps: 5);
        _second = new ConvLayer(parameters.Scope("1"), channels, channels, taps: 3);
        _last = new ConvLayer(parameters.Scope("2"), channels, conditionChannels * stepsPerFrame);
    }

    /// <summary>Multiply-accumulates per mel frame.</summary>
    public long MacsPerFrame => _first.MacsPerStep + _second.MacsPerStep + _last.MacsPerStep;

    /// <summary>Frames seen by an output.</summary>
    public int Past => _first.Past + _second.Past;

    /// <summary>
    /// Normalised mel [b, bands, frames] → [b, conditionChannels, (frames - skip)·stepsPerFrame], without the outputs of the first
    /// <paramref name="skip"/> frames, which lie before the start of the signal. Null when nothing is left.
    /// </summary>
    public Tensor? Apply(Ops ops, Tensor mel, int skip)
    {
        Tensor hidden = ops.LeakyRelu(_first.Apply(ops, mel));
        hidden = ops.LeakyRelu(_second.Apply(ops, hidden));
        if (skip >= mel.Length) return null;
        if (skip > 0) hidden = ops.Crop(hidden, skip, mel.Length - skip);
        return ops.Unfold(_last.Apply(ops, hidden), _stepsPerFrame);
    }
}
