using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Flows;

/// <summary>
/// Spline coupling (Durkan et al. 2019, "Neural spline flows", sec. 3.2): the first half x_a passes unchanged and a WaveNet makes from it, at each
/// step, the rational-quadratic splines through which the other half goes; log det = Σ log dz_b/dx_b. It starts as the identity.
/// </summary>
public sealed class SplineCoupling : Flow
{
    private readonly WaveNet _waveNet;
    private readonly int _half;
    private readonly float _bound;

    /// <summary>Creates a coupling of <paramref name="channels"/> (even) with splines of <paramref name="bins"/> bins on [-bound, bound].</summary>
    public SplineCoupling(ParameterSet parameters, WaveNetConfig waveNet, int channels, int conditionChannels, int bins = 8, float bound = 4f)
    {
        if (channels % 2 != 0) throw new ArgumentException($"a coupling needs an even number of channels, not {channels}", nameof(channels));
        _half = channels / 2;
        _bound = bound;
        _waveNet = new WaveNet(parameters, waveNet, _half, _half * (3 * bins - 1), conditionChannels);
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
        Tensor y = ops.Spline(b, _waveNet.Apply(ops, a, condition), _bound);
        logDet = ops.Sum(ops.Slice(y, _half, _half));
        return ops.Concat(a, ops.Slice(y, 0, _half));
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition)
    {
        Tensor a = ops.Slice(z, 0, _half), b = ops.Slice(z, _half, _half);
        return ops.Concat(a, ops.SplineInverse(b, _waveNet.Apply(ops, a, condition), _bound));
    }
}
