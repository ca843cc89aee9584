using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// An elementwise monotone flow of straight lines: [-B, B] in K bins of equal width 2B/K, each of which becomes as high as a softmax says, and the identity
/// outside (Müller et al. 2019, "Neural importance sampling", sec. 4.2; the bounds as in Durkan et al. 2019). z = z_k + s_k·(x - x_k) in bin k, log det = Σ log
/// s_k. A density through it is a histogram: constant in each bin, with jumps at its sides. It starts as the identity.
/// </summary>
public sealed class PiecewiseLinearFlow : Flow, IApproximateLogDet
{
    private readonly Tensor _heights;
    private readonly int _channels, _bins;
    private readonly float _bound;

    /// <summary>Creates lines in <paramref name="bins"/> (1 to 256) bins for each of <paramref name="channels"/>; their weights are named heights.</summary>
    public PiecewiseLinearFlow(ParameterSet parameters, int channels, int bins = 8, float bound = 4f)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bins, 256);
        if (!(bound > 0)) throw new ArgumentOutOfRangeException(nameof(bound), bound, "a bound is above 0");
        (_channels, _bins, _bound) = (channels, bins, bound);
        // [1, bins, channels]: the softmax is over the bins.
        _heights = parameters.Constant("heights", 0f, 1, bins, channels);
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Where it is not, the log-determinant is smoothed over ±<see cref="LinearPieces.Smoothing"/> about the sides of bins, so that training learns what
    /// belongs into which.
    /// </remarks>
    public bool Exact { get; set; } = true;

    private float Width => 2 * _bound / _bins;

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        var (logSlopes, shifts, _) = Lines(ops);
        var pieces = new LinearPieces(ops, x, _bins + 1, (_, value) => Math.Abs(value) < _bound ? Math.Min((int)((value + _bound) / Width), _bins - 1) : _bins);
        Tensor logScale = pieces.Select(ops, logSlopes);
        logDet = ops.Sum(Exact ? logScale : LinearPieces.Smooth(ops, x, [.. Enumerable.Range(0, _bins + 1).Select(k => k * Width - _bound)],
            [null, .. logSlopes], LinearPieces.Smoothing));
        return ops.Affine(x, logScale, pieces.Select(ops, shifts));
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition)
    {
        var (logSlopes, shifts, knots) = Lines(ops);
        float[][] at = [.. knots.Select(knot => ops.Read(knot).ToArray())];
        var pieces = new LinearPieces(ops, z, _bins + 1, (c, value) =>
        {
            if (!(Math.Abs(value) < _bound)) return _bins;
            int k = 0;
            while (k < _bins - 1 && value >= at[k + 1][c]) k++;
            return k;
        });
        return ops.AffineInverse(z, pieces.Select(ops, logSlopes), pieces.Select(ops, shifts));
    }

    // Of each bin, [1, c, 1]: log s_k = log K + log softmax_k, z_k - s_k·x_k, and the lower knot z_k; for the outside, the last of the first two, null.
    private (Tensor?[] LogSlopes, Tensor?[] Shifts, Tensor[] Knots) Lines(Ops ops)
    {
        Tensor logs = ops.LogSoftmax(_heights), knot = ops.Fill(1, _channels, 1, -_bound), logBins = ops.Fill(1, _channels, 1, MathF.Log(_bins));
        Tensor?[] logSlopes = new Tensor?[_bins + 1], shifts = new Tensor?[_bins + 1];
        var knots = new Tensor[_bins];
        for (int k = 0; k < _bins; k++)
        {
            Tensor logSlope = ops.Add(ops.Reshape(ops.Slice(logs, k, 1), 1, _channels, 1), logBins), slope = ops.Exp(logSlope);
            (logSlopes[k], knots[k]) = (logSlope, knot);
            shifts[k] = ops.Add(knot, ops.Scale(slope, _bound - k * Width));
            knot = ops.Add(knot, ops.Scale(slope, Width));
        }
        return (logSlopes, shifts, knots);
    }
}
