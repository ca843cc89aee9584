using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>Size of a <see cref="WaveNet"/>.</summary>
/// <param name="Layers">Number of gated layers; layer i has dilation 2^(i mod <paramref name="Cycle"/>).</param>
/// <param name="Channels">Residual and skip channels.</param>
/// <param name="Kernel">Taps of the dilated convolutions, odd unless causal.</param>
/// <param name="Causal">Whether outputs depend on the past alone; otherwise each convolution is centred, as published.</param>
/// <param name="Cycle">Layers after which dilations start again at 1; 0 means never.</param>
public sealed record WaveNetConfig(int Layers, int Channels, int Kernel = 3, bool Causal = true, int Cycle = 0);

/// <summary>
/// The conditioner of affine couplings and autoregressive flows: the non-autoregressive WaveNet of WaveGlow (Prenger et al. 2018, sec. 2.1) with its key names
/// start, in_layers, cond_layer, res_skip_layers, end. The last layer starts at zero, so that a flow starts as the identity.
/// </summary>
internal sealed class WaveNet
{
    private readonly ConvLayer _start, _end;
    private readonly ConvLayer? _condition;
    private readonly ConvLayer[] _in, _resSkip;
    private readonly int _channels;

    public WaveNet(ParameterSet parameters, WaveNetConfig config, int inputs, int outputs, int conditionChannels)
    {
        int channels = _channels = config.Channels;
        _start = new ConvLayer(parameters.Scope("start"), inputs, channels, weightNorm: true);
        if (conditionChannels > 0)
            _condition = new ConvLayer(parameters.Scope("cond_layer"), conditionChannels, 2 * channels * config.Layers, weightNorm: true);
        _in = new ConvLayer[config.Layers];
        _resSkip = new ConvLayer[config.Layers];
        for (int i = 0; i < config.Layers; i++)
        {
            _in[i] = new ConvLayer(parameters.Scope($"in_layers.{i}"), channels, 2 * channels, config.Kernel, 1 << (config.Cycle > 0 ? i % config.Cycle : i), config.Causal, weightNorm: true);
            _resSkip[i] = new ConvLayer(parameters.Scope($"res_skip_layers.{i}"), channels, i < config.Layers - 1 ? 2 * channels : channels, weightNorm: true);
        }
        _end = new ConvLayer(parameters.Scope("end"), channels, outputs, zero: true);
    }

    /// <summary>Multiply-accumulates per time step.</summary>
    public long MacsPerStep => Layers.Sum(layer => layer.MacsPerStep);

    /// <summary>Past steps that an output depends on.</summary>
    public int Past => _in.Sum(layer => layer.Past);

    /// <summary>Future steps that an output depends on; 0 when causal.</summary>
    public int Future => _in.Sum(layer => layer.Future);

    private IEnumerable<ConvLayer> Layers => new[] { _start, _condition, _end }.OfType<ConvLayer>().Concat(_in).Concat(_resSkip);

    /// <summary>x [b, inputs, t], condition [b, conditionChannels, t] → [b, outputs, t]. Without condition channels the condition is not read.</summary>
    public Tensor Apply(Ops ops, Tensor x, Tensor condition)
    {
        Tensor hidden = _start.Apply(ops, x);
        Tensor? skip = null;
        for (int i = 0; i < _in.Length; i++)
        {
            Tensor? conditioned = _condition?.Apply(ops, condition, firstRow: 2 * _channels * i, rows: 2 * _channels);
            Tensor filtered = _in[i].Apply(ops, hidden, conditioned);
            if (conditioned != null) ops.Free(conditioned);
            Tensor gated = ops.Gate(filtered);
            ops.Free(filtered);
            bool last = i == _in.Length - 1;
            Tensor? residual = last ? null : _resSkip[i].Apply(ops, gated, hidden, 0, _channels);
            Tensor sum = _resSkip[i].Apply(ops, gated, skip, last ? 0 : _channels, _channels);
            ops.Free(gated);
            ops.Free(hidden);
            if (skip != null) ops.Free(skip);
            (hidden, skip) = (residual ?? hidden, sum);
        }
        Tensor result = _end.Apply(ops, skip!);
        ops.Free(skip!);
        return result;
    }
}
