using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// An elementwise monotone flow (Durkan et al. 2019, "Neural spline flows", sec. 3.1): each channel goes through a rational-quadratic spline of its
/// own on [-bound, bound] and is unchanged outside; log det = Σ log dz/dx. It starts as the identity. It bends channels and mixes none: with a
/// linear flow before it, it can make any projection Gaussian.
/// </summary>
public sealed class ElementwiseSpline : Flow
{
    private readonly Tensor _parameters;
    private readonly int _channels;
    private readonly float _bound;

    /// <summary>Creates splines of <paramref name="bins"/> (1 to 256) bins for each of <paramref name="channels"/>; their weights are named splines.</summary>
    public ElementwiseSpline(ParameterSet parameters, int channels, int bins = 8, float bound = 4f)
    {
        _channels = channels;
        _bound = bound;
        _parameters = parameters.Constant("splines", 0f, channels * (3 * bins - 1));
    }

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        Tensor y = ops.Spline(x, _parameters, _bound);
        logDet = ops.Sum(ops.Slice(y, _channels, _channels));
        return ops.Slice(y, 0, _channels);
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition) => ops.SplineInverse(z, _parameters, _bound);
}
