using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Flows;

/// <summary>
/// Affine coupling (Dinh et al. 2017, RealNVP; WaveGlow eq. 5–7): the first half x_a passes unchanged and a WaveNet makes from it
/// shift and logScale of the other half, z_b = x_b·exp(logScale) + shift; log det = Σ logScale.
/// </summary>
public sealed class AffineCoupling : Flow
{
    private readonly WaveNet _waveNet;
    private readonly int _half;
    private readonly float _clamp;

    /// <summary>
    /// Creates a coupling of <paramref name="channels"/> (even). With <paramref name="logScaleClamp"/> c &gt; 0 the log-scale is c·tanh(·/c),
    /// which keeps one bad batch from exploding the likelihood; 0 leaves it free, as published.
    /// </summary>
    public AffineCoupling(ParameterSet parameters, WaveNetConfig waveNet, int channels, int conditionChannels, float logScaleClamp = 0f)
    {
        if (channels % 2 != 0) throw new ArgumentException($"a coupling needs an even number of channels, not {channels}", nameof(channels));
        _half = channels / 2;
        _clamp = logScaleClamp;
        _waveNet = new WaveNet(parameters, waveNet, _half, channels, conditionChannels);
    }

    /// <inheritdoc/>
    public override long MacsPerStep => _waveNet.MacsPerStep;

    /// <inheritdoc/>
    public override int Past => _waveNet.Past;

    /// <inheritdoc/>
    public override int Future => _waveNet.Future;

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        Tensor a = ops.Slice(x, 0, _half), b = ops.Slice(x, _half, _half);
        var (shift, logScale) = Parameters(ops, a, condition);
        logDet = ops.Sum(logScale);
        return ops.Concat(a, ops.Affine(b, logScale, shift));
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition) => Invert(ops, z, condition, out _);

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition, out Tensor logDet)
    {
        Tensor x = Invert(ops, z, condition, out Tensor logScale);
        logDet = ops.Scale(ops.Sum(logScale), -1f);
        return x;
    }

    private Tensor Invert(Ops ops, Tensor z, Tensor condition, out Tensor logScale)
    {
        Tensor a = ops.Slice(z, 0, _half), b = ops.Slice(z, _half, _half);
        (Tensor shift, logScale) = Parameters(ops, a, condition);
        return ops.Concat(a, ops.AffineInverse(b, logScale, shift));
    }

    private (Tensor Shift, Tensor LogScale) Parameters(Ops ops, Tensor a, Tensor condition)
    {
        Tensor output = _waveNet.Apply(ops, a, condition);
        return ShiftAndScale.Split(ops, output, _clamp);
    }
}
