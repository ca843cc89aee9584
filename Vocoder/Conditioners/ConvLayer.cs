using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>A convolution with its weights: [b, in, t] → [b, out, t], optionally weight-normalised.</summary>
internal sealed class ConvLayer
{
    private readonly Tensor _direction;
    private readonly DerivedTensor? _normalized;
    private readonly Tensor? _bias;
    private readonly int _left;
    private string _name, _alongName;

    /// <summary>Creates weights under the names weight (or weight_v and weight_g) and bias, drawn from ±1/√(in·taps).</summary>
    public ConvLayer(ParameterSet parameters, int inputs, int outputs, int taps = 1, int dilation = 1, bool causal = true,
        bool weightNorm = false, bool zero = false, bool bias = true)
    {
        float bound = zero ? 0f : 1f / MathF.Sqrt(inputs * taps);
        (Inputs, Outputs, Taps, Dilation, _name) = (inputs, outputs, taps, dilation, parameters.Name);
        _alongName = $"{_name}'";
        _left = (taps - 1) * dilation / (causal ? 1 : 2);
        _bias = bias ? parameters.Uniform("bias", bound, outputs) : null;
        if (!weightNorm)
        {
            _direction = parameters.Uniform("weight", bound, outputs, inputs, taps);
            return;
        }
        Tensor gain = parameters.Constant("weight_g", 0f, outputs, 1, 1);
        _direction = parameters.Uniform("weight_v", bound, outputs, inputs, taps);
        for (int o = 0; o < outputs; o++)
            gain.Span[o] = MathF.Sqrt(System.Numerics.Tensors.TensorPrimitives.SumOfSquares<float>(_direction.Span.Slice(o * inputs * taps, inputs * taps)));
        _normalized = new DerivedTensor(ops => ops.WeightNorm(_direction, gain), _direction, gain);
    }

    /// <summary>The same layer at another place of a model: its weights are the same, and the past that it remembers of a stream is its own.</summary>
    public ConvLayer At(string place)
    {
        var layer = (ConvLayer)MemberwiseClone();
        layer._name = $"{_name}@{place}";
        layer._alongName = $"{layer._name}'";
        return layer;
    }

    public int Inputs { get; }
    public int Outputs { get; }
    public int Taps { get; }
    public int Dilation { get; }

    /// <summary>Multiply-accumulates per output step.</summary>
    public long MacsPerStep => (long)Inputs * Outputs * Taps;

    /// <summary>Past steps that an output depends on.</summary>
    public int Past => _left;

    /// <summary>Future steps that an output depends on; 0 when causal.</summary>
    public int Future => (Taps - 1) * Dilation - _left;

    /// <summary>
    /// The derivative of <see cref="Apply"/> along a direction of its input, the same without bias and with a memory of its own, adding <paramref name="add"/>.
    /// </summary>
    public Tensor Along(Ops ops, Tensor direction, Tensor? add = null, int firstRow = 0, int rows = 0) =>
        ops.Conv1d(direction, _normalized?.Of(ops) ?? _direction, null, new ConvShape(Dilation, _left, firstRow, rows), add, _alongName);

    /// <summary>Rows firstRow … firstRow+rows-1 (all when rows is 0) as operations take them.</summary>
    public ConvWeights Weights(Ops ops, int firstRow = 0, int rows = 0) =>
        new(_normalized?.Of(ops) ?? _direction, _bias, new ConvShape(Dilation, _left, firstRow, rows), _name);

    /// <summary>Applies rows firstRow … firstRow+rows-1 (all when rows is 0), adding <paramref name="add"/>.</summary>
    public Tensor Apply(Ops ops, Tensor x, Tensor? add = null, int firstRow = 0, int rows = 0) => ops.Conv1d(x, Weights(ops, firstRow, rows), add);
}
