using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>A convolution with its weights: [b, in, t] → [b, out, t], optionally weight-normalised.</summary>
internal sealed class ConvLayer
{
    private readonly Tensor? _gain;
    private readonly Tensor _direction;
    private readonly Tensor? _bias;
    private readonly int _left;
    private readonly string _name;
    private Folded? _folded;

    private sealed record Folded(int DirectionVersion, int GainVersion, Tensor Weight);

    /// <summary>Creates weights under the names weight (or weight_v and weight_g) and bias, drawn from ±1/√(in·taps).</summary>
    public ConvLayer(ParameterSet parameters, int inputs, int outputs, int taps = 1, int dilation = 1, bool causal = true,
        bool weightNorm = false, bool zero = false, bool bias = true)
    {
        float bound = zero ? 0f : 1f / MathF.Sqrt(inputs * taps);
        (Inputs, Outputs, Taps, Dilation, _name) = (inputs, outputs, taps, dilation, parameters.Name);
        _left = (taps - 1) * dilation / (causal ? 1 : 2);
        _bias = bias ? parameters.Uniform("bias", bound, outputs) : null;
        if (!weightNorm)
        {
            _direction = parameters.Uniform("weight", bound, outputs, inputs, taps);
            return;
        }
        _gain = parameters.Constant("weight_g", 0f, outputs, 1, 1);
        _direction = parameters.Uniform("weight_v", bound, outputs, inputs, taps);
        for (int o = 0; o < outputs; o++)
            _gain.Span[o] = MathF.Sqrt(System.Numerics.Tensors.TensorPrimitives.SumOfSquares<float>(_direction.Span.Slice(o * inputs * taps, inputs * taps)));
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

    /// <summary>Applies rows firstRow … firstRow+rows-1 (all when rows is 0), adding <paramref name="add"/>.</summary>
    public Tensor Apply(Ops ops, Tensor x, Tensor? add = null, int firstRow = 0, int rows = 0) =>
        ops.Conv1d(x, Weight(ops), _bias, new ConvShape(Dilation, _left, firstRow, rows), add, _name);

    private Tensor Weight(Ops ops)
    {
        if (_gain == null) return _direction;
        if (ops.IsRecording) return ops.WeightNorm(_direction, _gain);
        Folded? folded = _folded;
        if (folded == null || folded.DirectionVersion != _direction.Version || folded.GainVersion != _gain.Version)
        {
            Tensor weight = ops.WeightNorm(_direction, _gain);
            _folded = folded = new Folded(_direction.Version, _gain.Version, Tensor.From(weight.Span, weight.Batch, weight.Channels, weight.Length));
        }
        return folded.Weight;
    }
}
