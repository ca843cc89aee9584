using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>Size of a <see cref="ResidualWaveNet"/>.</summary>
/// <param name="Blocks">Times that the dilations start at 1.</param>
/// <param name="Layers">Layers of a block; layer n has dilation b^n with b the <paramref name="DilationBase"/>.</param>
/// <param name="Residual">Channels of the residual path.</param>
/// <param name="Gate">Channels of the gates.</param>
/// <param name="Skip">Channels of the skip path.</param>
/// <param name="Kernel">Taps of the dilated convolutions.</param>
/// <param name="FrontTaps">Taps of the first convolution.</param>
/// <param name="Causal">Whether outputs depend on the past alone; otherwise each convolution is centred.</param>
/// <param name="DilationBase">The factor from one dilation to the next.</param>
/// <param name="ZeroEnd">Whether the last convolution starts at zero and is scaled by e^(3·scale), as in FloWaveNet; else it is weight-normalised.</param>
internal sealed record ResidualWaveNetConfig(int Blocks, int Layers, int Residual, int Gate, int Skip, int Kernel = 3, int FrontTaps = 3, bool Causal = false,
    int DilationBase = 2, bool ZeroEnd = true);

/// <summary>
/// The WaveNet of FloWaveNet (Kim et al. 2019) and of ClariNet's teacher and student (Ping et al. 2019) with the key names of their PyTorch implementations: a
/// rectified first convolution, gates whose residual path is scaled by √½, skips that are summed, and two rectified 1×1 convolutions.
/// </summary>
internal sealed class ResidualWaveNet
{
    private static readonly float s_half = MathF.Sqrt(0.5f);
    private readonly ConvLayer _front, _final, _end;
    private readonly ConvLayer[] _filter, _gate, _filterCondition, _gateCondition, _residual, _skip;
    private readonly Tensor? _scale, _zero;

    public ResidualWaveNet(ParameterSet parameters, ResidualWaveNetConfig config, int inputs, int outputs, int conditionChannels)
    {
        _front = new ConvLayer(parameters.Scope("front_conv.0.conv"), inputs, config.Residual, config.FrontTaps, 1, config.Causal, weightNorm: true);
        ConvLayer[] Each(string name, int from, int to, int taps = 1) => [.. Enumerable.Range(0, config.Blocks * config.Layers).Select(i =>
            new ConvLayer(parameters.Scope($"res_blocks.{i}.{name}"), from, to, taps, Dilation(i % config.Layers), config.Causal, weightNorm: true))];
        int Dilation(int n) => n == 0 ? 1 : checked(config.DilationBase * Dilation(n - 1));
        (_filter, _gate) = (Each("filter_conv.conv", config.Residual, config.Gate, config.Kernel),
            Each("gate_conv.conv", config.Residual, config.Gate, config.Kernel));
        (_filterCondition, _gateCondition) = (Each("filter_conv_c", conditionChannels, config.Gate), Each("gate_conv_c", conditionChannels, config.Gate));
        (_residual, _skip) = (Each("res_conv", config.Gate, config.Residual), Each("skip_conv", config.Gate, config.Skip));
        _final = new ConvLayer(parameters.Scope("final_conv.1.conv"), config.Skip, config.Skip, weightNorm: true);
        _end = new ConvLayer(parameters.Scope("final_conv.3.conv"), config.Skip, outputs, weightNorm: !config.ZeroEnd, zero: config.ZeroEnd);
        if (!config.ZeroEnd) return;
        _scale = parameters.Scope("final_conv.3").Constant("scale", 0f, 1, outputs, 1);
        _zero = new Tensor(1, outputs, 1);
    }

    /// <summary>Multiply-accumulates per time step.</summary>
    public long MacsPerStep => new[] { _filter, _gate, _filterCondition, _gateCondition, _residual, _skip, [_front, _final, _end] }.SelectMany(l => l)
        .Sum(layer => layer.MacsPerStep);

    /// <summary>Past steps that an output depends on.</summary>
    public int Past => _front.Past + _filter.Sum(layer => layer.Past);

    /// <summary>Future steps that an output depends on; 0 when causal.</summary>
    public int Future => _front.Future + _filter.Sum(layer => layer.Future);

    /// <summary>x [b, inputs, t], condition [b, conditionChannels, t] → [b, outputs, t].</summary>
    public Tensor Apply(Ops ops, Tensor x, Tensor condition)
    {
        Tensor front = _front.Apply(ops, x), hidden = ops.Relu(front);
        ops.Free(front);
        Tensor? skip = null;
        for (int i = 0; i < _filter.Length; i++)
        {
            Tensor toldFilter = _filterCondition[i].Apply(ops, condition), toldGate = _gateCondition[i].Apply(ops, condition);
            Tensor filter = _filter[i].Apply(ops, hidden, toldFilter), gate = _gate[i].Apply(ops, hidden, toldGate), both = ops.Concat(filter, gate),
                gated = ops.Gate(both);
            foreach (Tensor done in (ReadOnlySpan<Tensor>)[toldFilter, toldGate, filter, gate, both]) ops.Free(done);
            Tensor sum = _skip[i].Apply(ops, gated, skip);
            if (skip != null) ops.Free(skip);
            skip = sum;
            // The last layer's residual path leads nowhere; published weights have it all the same.
            if (i < _filter.Length - 1)
            {
                Tensor moved = _residual[i].Apply(ops, gated, hidden);
                ops.Free(hidden);
                hidden = ops.Scale(moved, s_half);
                ops.Free(moved);
            }
            ops.Free(gated);
        }
        Tensor rectified = ops.Relu(skip!), final = _final.Apply(ops, rectified), again = ops.Relu(final), end = _end.Apply(ops, again);
        foreach (Tensor done in (ReadOnlySpan<Tensor>)[hidden, skip!, rectified, final, again]) ops.Free(done);
        return _scale == null ? end : ops.ChannelAffine(end, ops.Scale(_scale, 3f), _zero!);
    }
}
