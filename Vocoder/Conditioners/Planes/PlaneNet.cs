using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>Size of a <see cref="PlaneNet"/>.</summary>
/// <param name="Layers">Gated layers; layer i has dilation 2^i along the width.</param>
/// <param name="Channels">Residual and skip channels.</param>
/// <param name="HeightCycle">Layer i has dilation 2^(i mod <paramref name="HeightCycle"/>) along the height.</param>
internal sealed record PlaneNetConfig(int Layers, int Channels, int HeightCycle)
{
    public const int Taps = 3;
}

/// <summary>
/// The conditioner of a <see cref="Flows.HeightFlow"/>: the WaveNet of WaveFlow (Ping et al. 2020, sec. 3.1) over planes, 3×3 convolutions causal over the
/// height, with the key names of its published state dictionary. The last layer starts at zero, so that a flow starts as the identity.
/// </summary>
internal sealed class PlaneNet
{
    private readonly PlaneConv _front, _end;
    private readonly PlaneConv[] _filterGate, _condition, _resSkip;
    private readonly int _channels;

    /// <summary>Creates weights for one input channel and two outputs, log-scale and shift.</summary>
    public PlaneNet(ParameterSet parameters, PlaneNetConfig config, int conditionChannels)
    {
        int channels = _channels = config.Channels;
        ParameterSet net = parameters.Scope("net");
        _front = new PlaneConv(net.Scope("front_conv.0.conv"), 1, channels);
        PlaneConv[] Each(Func<ParameterSet, int, PlaneConv> layer) =>
            [.. Enumerable.Range(0, config.Layers).Select(i => layer(net.Scope($"res_blocks.{i}"), i))];
        _filterGate = Each((scope, i) => new PlaneConv(scope.Scope("filter_gate_conv.conv"), channels, 2 * channels, PlaneNetConfig.Taps,
            1 << (i % config.HeightCycle), 1 << i));
        _condition = Each((scope, _) => new PlaneConv(scope.Scope("filter_gate_conv_c"), conditionChannels, 2 * channels));
        _resSkip = Each((scope, _) => new PlaneConv(scope.Scope("res_skip_conv"), channels, 2 * channels));
        _end = new PlaneConv(parameters.Scope("proj_log_s_t.conv"), channels, 2, weightNorm: false);
    }

    /// <summary>Multiply-accumulates per point of the plane.</summary>
    public long MacsPerStep => _filterGate.Concat(_condition).Concat(_resSkip).Append(_front).Append(_end).Sum(layer => layer.MacsPerStep);

    /// <summary>Steps along the width, to either side, that an output depends on.</summary>
    public int Reach => _filterGate.Sum(layer => layer.Reach);

    /// <summary>Rows [n, 1, w] and their conditions [n, c, w] → log-scale above shift, [n, 2, w], from each row and those above it.</summary>
    public Tensor Apply(Ops ops, Tensor x, Tensor condition, PlaneRows rows)
    {
        Tensor hidden = _front.Apply(ops, x, rows);
        Tensor? skip = null;
        for (int i = 0; i < _filterGate.Length; i++)
        {
            Tensor conditioned = _condition[i].Apply(ops, condition, rows), filtered = _filterGate[i].Apply(ops, hidden, rows, conditioned);
            ops.Free(conditioned);
            Tensor gated = ops.Gate(filtered);
            ops.Free(filtered);
            // The last layer's residual part leads nowhere; published weights have it all the same.
            Tensor? residual = i == _filterGate.Length - 1 ? null : _resSkip[i].Apply(ops, gated, rows, hidden, 0, _channels);
            Tensor sum = _resSkip[i].Apply(ops, gated, rows, skip, _channels, _channels);
            ops.Free(gated);
            ops.Free(hidden);
            if (skip != null) ops.Free(skip);
            (hidden, skip) = (residual ?? hidden, sum);
        }
        Tensor result = _end.Apply(ops, skip!, rows);
        ops.Free(skip!);
        return result;
    }
}
