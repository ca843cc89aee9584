using FlowVocoder.Compute;

namespace FlowVocoder.Flows;

/// <summary>
/// Activation normalisation (Glow, sec. 3.1) in the parameters of FloWaveNet and WaveNODE: z = scale·(x + loc) for each channel, whose scale may be negative.
/// log det = batch · time · Σ log |scale|. Keys: loc and scale, [1, channels, 1].
/// </summary>
internal sealed class ScaleNorm : Flow
{
    private const double Smallest = 1e-6;
    private readonly Tensor _loc, _scale, _zero;
    private readonly DerivedTensor _reciprocal;

    /// <summary>Creates the identity on <paramref name="channels"/>.</summary>
    public ScaleNorm(ParameterSet parameters, int channels)
    {
        (_loc, _scale, _zero) = (parameters.Constant("loc", 0f, 1, channels, 1), parameters.Constant("scale", 1f, 1, channels, 1), new Tensor(1, channels, 1));
        // s/s² has the sign of s.
        _reciprocal = new DerivedTensor(ops => ops.Multiply(_scale, ops.Exp(ops.Scale(ops.Log(ops.Multiply(_scale, _scale), 0f), -1f))), _scale);
    }

    /// <summary>Sets both from data, as published: loc is the negative mean and scale 1/(s + 10⁻⁶), with s of n - 1 degrees of freedom.</summary>
    public void Initialize(Ops ops, Tensor x)
    {
        ReadOnlySpan<float> values = ops.Read(x);
        for (int c = 0; c < x.Channels; c++)
        {
            double sum = 0, squares = 0, n = (double)x.Batch * x.Length;
            for (int b = 0; b < x.Batch; b++)
                foreach (float v in values.Slice((b * x.Channels + c) * x.Length, x.Length)) sum += v;
            double mean = sum / n;
            for (int b = 0; b < x.Batch; b++)
                foreach (float v in values.Slice((b * x.Channels + c) * x.Length, x.Length)) squares += (v - mean) * (v - mean);
            _loc.Span[c] = (float)-mean;
            _scale.Span[c] = (float)(1 / (Math.Sqrt(squares / (n - 1)) + Smallest));
        }
        _loc.MarkChanged();
        _scale.MarkChanged();
    }

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        logDet = ops.OverSteps(ops.Sum(ops.Log(ops.Multiply(_scale, _scale), 0f)), x, 0.5f);
        Tensor moved = ops.ChannelAffine(x, _zero, _loc), z = ops.ChannelScale(moved, _scale);
        ops.Free(moved);
        return z;
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition)
    {
        Tensor scaled = ops.ChannelScale(z, _reciprocal.Of(ops)), x = ops.ChannelAffineInverse(scaled, _zero, _loc);
        ops.Free(scaled);
        return x;
    }
}
