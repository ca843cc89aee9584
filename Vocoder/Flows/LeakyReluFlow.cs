using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// A leaky ReLU as a flow: z = x where x ≥ 0 and z = α·x where it is negative, with a slope α = exp(a) of its own, learnt, for each channel (the parametric
/// ReLU of He et al. 2015; as a flow in Papamakarios et al. 2021, "Normalizing flows for probabilistic modeling and inference", sec. 3.3). log det = Σ a over
/// the negative samples. It begins with α = 0.5, a kink to learn by: from the identity the demo often ends at one again.
/// </summary>
public sealed class LeakyReluFlow : Flow, IApproximateLogDet
{
    private readonly Tensor _logSlope;

    /// <summary>Creates slopes for <paramref name="channels"/>; they are named log_slope.</summary>
    public LeakyReluFlow(ParameterSet parameters, int channels) => _logSlope = parameters.Constant("log_slope", MathF.Log(0.5f), channels);

    /// <inheritdoc/>
    /// <remarks>
    /// Where it is not, the log-determinant is smoothed over ±<see cref="LinearPieces.Smoothing"/> about 0, so that training learns where zero should be.
    /// </remarks>
    public bool Exact { get; set; } = true;

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        Tensor logScale = LogScale(ops, x);
        logDet = ops.Sum(Exact ? logScale : LinearPieces.Smooth(ops, x, [0], [_logSlope, null], LinearPieces.Smoothing));
        return ops.Affine(x, logScale, NoShift(ops, x));
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition) => ops.AffineInverse(z, LogScale(ops, z), NoShift(ops, z));

    // Either side of the layer has the same sign.
    private Tensor LogScale(Ops ops, Tensor x) => new LinearPieces(ops, x, 2, static (_, value) => value < 0 ? 1 : 0).Select(ops, [null, _logSlope]);

    private static Tensor NoShift(Ops ops, Tensor x) => ops.Fill(x.Batch, x.Channels, x.Length, 0f);
}
