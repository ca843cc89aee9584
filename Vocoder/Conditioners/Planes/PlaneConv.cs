using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>
/// A convolution over planes, causal over the height and centred over the width, with weight normalisation. Planes are rows of a batch, [b·height, in, width];
/// each row gets those above it as further channels (<see cref="PlaneRows"/>), and what remains is a convolution over time.
/// </summary>
internal sealed class PlaneConv
{
    private readonly Tensor _direction, _bias;
    private readonly DerivedTensor? _normalized;
    private readonly int _dilationH, _dilationW;
    private readonly string _name;

    /// <summary>
    /// Creates weights named weight_v [out, in, taps, taps], weight_g [out, 1, 1, 1] and bias, or weight and bias; drawn from ±1/√(in·taps²), or zeros.
    /// </summary>
    public PlaneConv(ParameterSet parameters, int inputs, int outputs, int taps = 1, int dilationH = 1, int dilationW = 1, bool weightNorm = true)
    {
        float bound = weightNorm ? 1f / MathF.Sqrt(inputs * taps * taps) : 0f;
        (Inputs, Outputs, Taps, _dilationH, _dilationW, _name) = (inputs, outputs, taps, dilationH, dilationW, parameters.Name);
        _bias = parameters.Uniform("bias", bound, outputs);
        if (!weightNorm)
        {
            _direction = parameters.Uniform("weight", bound, outputs, inputs, taps, taps);
            return;
        }
        Tensor gain = parameters.Constant("weight_g", 0f, outputs, 1, 1, 1);
        _direction = parameters.Uniform("weight_v", bound, outputs, inputs, taps, taps);
        int inner = inputs * taps * taps;
        for (int o = 0; o < outputs; o++)
            gain.Span[o] = MathF.Sqrt(System.Numerics.Tensors.TensorPrimitives.SumOfSquares<float>(_direction.Span.Slice(o * inner, inner)));
        _normalized = new DerivedTensor(ops => RowsFirst(ops, ops.WeightNorm(_direction, gain)), _direction, gain);
    }

    public int Inputs { get; }
    public int Outputs { get; }
    public int Taps { get; }

    /// <summary>Multiply-accumulates per point of the plane.</summary>
    public long MacsPerStep => (long)Inputs * Outputs * Taps * Taps;

    /// <summary>Steps along the width, to either side, that an output depends on.</summary>
    public int Reach => (Taps - 1) * _dilationW / 2;

    /// <summary>Applies output channels firstRow … firstRow+rows-1 (all when rows is 0) to x [b·height, in, w], adding <paramref name="add"/>.</summary>
    public Tensor Apply(Ops ops, Tensor x, PlaneRows rows, Tensor? add = null, int firstRow = 0, int count = 0)
    {
        Tensor stacked = Taps == 1 ? x : rows.Stack(ops, _name, x, Taps, _dilationH);
        Tensor y = ops.Conv1d(stacked, _normalized?.Of(ops) ?? _direction, _bias, new ConvShape(_dilationW, Reach, firstRow, count), add);
        if (stacked != x) ops.Free(stacked);
        return y;
    }

    // [out, in·taps, taps], channel i·taps + k, to channel k·in + i: the rows lie one after the other, each with all of its channels.
    private Tensor RowsFirst(Ops ops, Tensor weight)
    {
        if (Taps == 1) return weight;
        Tensor turned = ops.Transpose(ops.Reshape(weight, Outputs, Inputs, Taps * Taps));
        return ops.Reshape(ops.Transpose(ops.Reshape(turned, Outputs * Taps, Taps, Inputs)), Outputs, Taps * Inputs, Taps);
    }
}
