using FlowVocoder.Compute;

namespace FlowVocoder.Conditioners;

/// <summary>Size of a <see cref="WaveNet"/>.</summary>
/// <param name="Layers">Number of gated layers; layer i has dilation b^(i mod <paramref name="Cycle"/>) with b the <paramref name="DilationBase"/>.</param>
/// <param name="Channels">Residual and skip channels.</param>
/// <param name="Kernel">Taps of the dilated convolutions, odd unless causal.</param>
/// <param name="Causal">Whether outputs depend on the past alone; otherwise each convolution is centred, as published.</param>
/// <param name="Cycle">Layers after which dilations start again at 1; 0 means never.</param>
/// <param name="DilationBase">The factor from one dilation to the next.</param>
/// <param name="Timed">Whether each layer is told the time of a differential equation, as the vector field of a continuous flow is.</param>
public sealed record WaveNetConfig(int Layers, int Channels, int Kernel = 3, bool Causal = true, int Cycle = 0, int DilationBase = 2, bool Timed = false)
{
    /// <summary>Dilation of a layer.</summary>
    internal int Dilation(int layer)
    {
        int dilation = 1;
        for (int i = Cycle > 0 ? layer % Cycle : layer; i > 0; i--) dilation = checked(dilation * DilationBase);
        return dilation;
    }
}

/// <summary>
/// The conditioner of affine couplings and autoregressive flows: the non-autoregressive WaveNet of WaveGlow (Prenger et al. 2018, sec. 2.1) with its key names
/// start, in_layers, cond_layer, res_skip_layers, end. The last layer starts at zero, so that a flow starts as the identity.
/// </summary>
internal sealed class WaveNet
{
    private readonly ConvLayer _start, _end;
    private readonly ConvLayer? _condition;
    private readonly ConvLayer[] _resSkip;
    private readonly TimeLayer[] _time;
    private readonly int _channels;
    private ConvLayer[] _in;

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
            _in[i] = new ConvLayer(parameters.Scope($"in_layers.{i}"), channels, 2 * channels, config.Kernel, config.Dilation(i), config.Causal,
                weightNorm: true);
            _resSkip[i] = new ConvLayer(parameters.Scope($"res_skip_layers.{i}"), channels, i < config.Layers - 1 ? 2 * channels : channels, weightNorm: true);
        }
        _time = [.. Enumerable.Range(0, config.Timed ? config.Layers : 0).Select(i => new TimeLayer(parameters.Scope($"time_layers.{i}"), 2 * channels))];
        _end = new ConvLayer(parameters.Scope("end"), channels, outputs, zero: true);
    }

    /// <summary>The same network at another place of a model: its weights are the same, and the past that it remembers of a stream is its own.</summary>
    public WaveNet At(string place)
    {
        var net = (WaveNet)MemberwiseClone();
        // The others have one tap.
        net._in = [.. _in.Select(layer => layer.At(place))];
        return net;
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
            bool last = i == _in.Length - 1;
            var layer = new GatedLayer(_in[i].Weights(ops), _condition?.Weights(ops, 2 * _channels * i, 2 * _channels),
                last ? null : _resSkip[i].Weights(ops, 0, _channels), _resSkip[i].Weights(ops, last ? 0 : _channels, _channels));
            var (residual, sum) = ops.GatedLayer(hidden, condition, skip, layer);
            ops.Free(hidden);
            if (skip != null) ops.Free(skip);
            (hidden, skip) = (residual ?? hidden, sum);
        }
        return End(ops, skip!);
    }

    private Tensor End(Ops ops, Tensor skip)
    {
        Tensor result = _end.Apply(ops, skip);
        ops.Free(skip);
        return result;
    }

    /// <summary>
    /// The same at a time [b, 1, t] where the layers are told it, and with the derivative along a direction of x, [b, outputs, t], where one is given.
    /// </summary>
    public Tensor Apply(Ops ops, Tensor x, Tensor condition, Tensor? time, Tensor? direction, out Tensor? derivative)
    {
        Tensor hidden = _start.Apply(ops, x);
        Tensor? skip = null, moved = direction == null ? null : _start.Along(ops, direction), movedSkip = null;
        for (int i = 0; i < _in.Length; i++)
        {
            Tensor? conditioned = _condition?.Apply(ops, condition, firstRow: 2 * _channels * i, rows: 2 * _channels);
            if (time != null) conditioned = _time[i].Apply(ops, time, conditioned);
            Tensor filtered = _in[i].Apply(ops, hidden, conditioned);
            if (conditioned != null) ops.Free(conditioned);
            Tensor gated = ops.Gate(filtered);
            bool last = i == _in.Length - 1;
            if (moved is { } way) (moved, movedSkip) = Along(ops, i, filtered, gated, way, movedSkip);
            ops.Free(filtered);
            Tensor? residual = last ? null : _resSkip[i].Apply(ops, gated, hidden, 0, _channels);
            Tensor sum = _resSkip[i].Apply(ops, gated, skip, last ? 0 : _channels, _channels);
            ops.Free(gated);
            ops.Free(hidden);
            if (skip != null) ops.Free(skip);
            (hidden, skip) = (residual ?? hidden, sum);
        }
        derivative = movedSkip == null ? null : _end.Along(ops, movedSkip);
        if (movedSkip != null) ops.Free(movedSkip);
        return End(ops, skip!);
    }

    // The derivatives of what a layer hands on and of the sum that it adds to; those that it was given are given back.
    private (Tensor? Hidden, Tensor Skip) Along(Ops ops, int layer, Tensor filtered, Tensor gated, Tensor moved, Tensor? movedSkip)
    {
        bool last = layer == _in.Length - 1;
        Tensor movedFilter = _in[layer].Along(ops, moved), movedGate = GateDerivative.Along(ops, filtered, gated, movedFilter);
        Tensor? residual = last ? null : _resSkip[layer].Along(ops, movedGate, moved, 0, _channels);
        Tensor sum = _resSkip[layer].Along(ops, movedGate, movedSkip, last ? 0 : _channels, _channels);
        foreach (Tensor done in (ReadOnlySpan<Tensor>)[movedFilter, movedGate, moved]) ops.Free(done);
        if (movedSkip != null) ops.Free(movedSkip);
        return (residual, sum);
    }
}
