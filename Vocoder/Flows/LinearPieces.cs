using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// Elementwise flows made of straight lines: which line a sample lies on is looked up, and its scale and shift are those of the line. Both directions are then
/// affine, and log dz/dx is the logarithm of the scale.
/// </summary>
internal readonly struct LinearPieces
{
    /// <summary>Width of the sigmoids by which flows smooth their log-determinants in training, of inputs whose variance is near 1.</summary>
    public const float Smoothing = 0.1f;

    private readonly Tensor[] _masks;

    /// <summary>Looks up the pieces.</summary>
    /// <param name="ops">Operations.</param>
    /// <param name="x">[b, c, t] the samples.</param>
    /// <param name="count">Pieces.</param>
    /// <param name="pieceOf">The piece of a sample of a channel, 0 to <paramref name="count"/> - 1.</param>
    public LinearPieces(Ops ops, Tensor x, int count, Func<int, float, int> pieceOf)
    {
        _masks = [.. Enumerable.Range(0, count).Select(_ => ops.Fill(x.Batch, x.Channels, x.Length, 0f))];
        ReadOnlySpan<float> values = ops.Read(x);
        for (int i = 0; i < values.Length; i++) _masks[pieceOf(i / x.Length % x.Channels, values[i])].Span[i] = 1f;
    }

    /// <summary>
    /// [b, c, t]: for each sample the value of its piece, of [1, c, 1] for each piece, where null is 0. Gradients go to the values; the choice has none.
    /// </summary>
    public Tensor Select(Ops ops, IReadOnlyList<Tensor?> values)
    {
        Tensor mask = _masks[0], zero = ops.Fill(mask.Batch, mask.Channels, mask.Length, 0f), none = ops.Fill(1, mask.Channels, 1, 0f), sum = zero;
        for (int k = 0; k < _masks.Length; k++)
            if (values[k] is { } value) sum = ops.Add(sum, ops.Multiply(_masks[k], ops.ChannelAffine(zero, none, value)));
        return sum;
    }

    /// <summary>
    /// The same value without its jumps, for knots that all channels share: v_0 + Σ_k (v_(k+1) - v_k)·σ((x - x_k)/width). A log-determinant of straight lines
    /// is constant between knots, and its gradient does not see that a sample, moved past a knot, would gain or lose: of this one it does.
    /// </summary>
    /// <param name="ops">Operations.</param>
    /// <param name="x">[b, c, t].</param>
    /// <param name="knots">Where a piece ends and the next begins, ascending.</param>
    /// <param name="values">The values of the pieces from below, one more than knots; null is 0.</param>
    /// <param name="width">Of the sigmoid.</param>
    public static Tensor Smooth(Ops ops, Tensor x, IReadOnlyList<float> knots, IReadOnlyList<Tensor?> values, float width)
    {
        Tensor zero = ops.Fill(x.Batch, x.Channels, x.Length, 0f), none = ops.Fill(1, x.Channels, 1, 0f), one = ops.Fill(x.Batch, x.Channels, x.Length, 1f);
        Tensor sum = values[0] is { } first ? ops.ChannelAffine(zero, none, first) : zero;
        for (int k = 0; k < knots.Count; k++)
        {
            Tensor step = ops.Add(values[k + 1] ?? none, ops.Scale(values[k] ?? none, -1f)),
                away = ops.Add(x, ops.Fill(x.Batch, x.Channels, x.Length, -knots[k]));
            Tensor sigmoid = ops.Scale(ops.Add(ops.Tanh(ops.Scale(away, 0.5f / width)), one), 0.5f);
            sum = ops.Add(sum, ops.Multiply(sigmoid, ops.ChannelAffine(zero, none, step)));
        }
        return sum;
    }
}
