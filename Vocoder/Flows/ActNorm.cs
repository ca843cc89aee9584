using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// Activation normalisation (Glow, sec. 3.1): z = x·exp(logScale) + shift for each channel. The first batch sets both so that z has
/// zero mean and unit variance; after that they are trained, unless they are to stay. log det = batch · time · Σ logScale.
/// </summary>
public sealed class ActNorm : Flow, IElementwiseFlow
{
    private readonly Tensor _logScale, _shift;

    /// <summary>Creates the identity on <paramref name="channels"/>; what is not trained stays as the first batch set it.</summary>
    public ActNorm(ParameterSet parameters, int channels, bool trained = true)
    {
        Tensor Zeros(string name) => trained ? parameters.Constant(name, 0f, channels) : parameters.Fixed(name, new float[channels], channels);
        _logScale = Zeros("log_scale");
        _shift = Zeros("shift");
    }

    /// <summary>Sets scale and shift from data, so that <paramref name="x"/> leaves this layer with zero mean and unit variance.</summary>
    public void Initialize(Ops ops, Tensor x)
    {
        x = ops.Here(x);
        for (int c = 0; c < x.Channels; c++)
        {
            double sum = 0, squares = 0;
            for (int b = 0; b < x.Batch; b++)
                foreach (float v in x.Row(b, c))
                {
                    sum += v;
                    squares += (double)v * v;
                }
            double n = (double)x.Batch * x.Length, mean = sum / n, scale = 1 / Math.Sqrt(Math.Max(squares / n - mean * mean, 1e-12));
            _logScale.Span[c] = (float)Math.Log(scale);
            _shift.Span[c] = (float)(-mean * scale);
        }
        _logScale.MarkChanged();
        _shift.MarkChanged();
    }

    /// <summary>Lowers what <see cref="Inverse"/> generates by a constant in each channel.</summary>
    internal void Lower(ReadOnlySpan<double> means)
    {
        for (int c = 0; c < means.Length; c++) _shift.Span[c] += (float)(means[c] * Math.Exp(_logScale.Span[c]));
        _shift.MarkChanged();
    }

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        logDet = LogDet(ops, x, 1);
        return ops.ChannelAffine(x, _logScale, _shift);
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition) => ops.ChannelAffineInverse(z, _logScale, _shift);

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition, out Tensor logDet)
    {
        logDet = LogDet(ops, z, -1);
        return Inverse(ops, z, condition);
    }

    private Tensor LogDet(Ops ops, Tensor x, int sign) => ops.OverSteps(ops.Sum(_logScale), x, sign);

    Tensor IElementwiseFlow.Transform(Ops ops, Tensor u, Tensor condition, bool generating, out Tensor logScale)
    {
        // 0·exp(·) + logScale: the same for all samples of a channel.
        Tensor zero = ops.Fill(u.Batch, u.Channels, u.Length, 0f);
        logScale = ops.ChannelAffine(zero, _logScale, generating ? ops.Scale(_logScale, -1f) : _logScale);
        return generating ? Inverse(ops, u, condition) : ops.ChannelAffine(u, _logScale, _shift);
    }
}
