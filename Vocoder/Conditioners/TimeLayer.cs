using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>
/// Tells a layer the time of a differential equation: a weight-normalised line of it for each channel (WaveNODE, Kim et al. 2020). Keys: weight_v and weight_g
/// [out, 1], bias.
/// </summary>
internal sealed class TimeLayer
{
    private readonly Tensor _bias;
    private readonly DerivedTensor _weight;

    public TimeLayer(ParameterSet parameters, int outputs)
    {
        _bias = parameters.Uniform("bias", 1f, outputs);
        Tensor gain = parameters.Constant("weight_g", 0f, outputs, 1), direction = parameters.Uniform("weight_v", 1f, outputs, 1);
        for (int o = 0; o < outputs; o++) gain.Span[o] = Math.Abs(direction.Span[o]);
        _weight = new DerivedTensor(ops => ops.WeightNorm(direction, gain), direction, gain);
    }

    /// <summary>time [b, 1, t] → [b, out, t], added to <paramref name="add"/>, which is given back.</summary>
    public Tensor Apply(Ops ops, Tensor time, Tensor? add)
    {
        Tensor told = ops.Conv1d(time, _weight.Of(ops), _bias, add: add);
        if (add != null) ops.Free(add);
        return told;
    }
}
