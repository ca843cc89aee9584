using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>A linear map of each step, [1, in, t] → [1, out, t]. Keys: weight [out, in] and, unless it has none, bias.</summary>
internal sealed class LinearLayer
{
    private readonly Tensor _weight;
    private readonly Tensor? _bias;

    public LinearLayer(ParameterSet parameters, int inputs, int outputs, bool bias = true)
    {
        float bound = 1f / MathF.Sqrt(inputs);
        _weight = parameters.Uniform("weight", bound, outputs, inputs);
        if (bias) _bias = parameters.Uniform("bias", bound, outputs);
    }

    /// <summary>[out, in].</summary>
    public Tensor Weight => _weight;

    public Tensor Apply(Ops ops, Tensor x) => ops.Conv1d(x, _weight, _bias);
}
