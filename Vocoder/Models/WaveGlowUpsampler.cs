using FlowVocoder.Compute;

namespace FlowVocoder.Models;

/// <summary>
/// Brings a mel from frame rate to audio rate by a transposed convolution without padding: frame f reaches the samples
/// stride·f … stride·f + kernel - 1. Keys: upsample.weight [mel, mel, kernel] and upsample.bias.
/// </summary>
internal sealed class WaveGlowUpsampler
{
    private readonly Tensor _weight, _bias, _noScale;
    private readonly int _kernel, _stride;
    private readonly string _name;
    private readonly DerivedTensor _rearranged;

    public WaveGlowUpsampler(ParameterSet parameters, WaveGlowConfig config)
        : this(parameters, config.MelChannels, config.UpsampleKernel, config.UpsampleStride) { }

    public WaveGlowUpsampler(ParameterSet parameters, int channels, int kernel, int stride)
    {
        (_kernel, _stride, _name) = (kernel, stride, parameters.Name);
        float bound = 1f / MathF.Sqrt((float)channels * _kernel);
        _weight = parameters.Uniform("weight", bound, channels, channels, _kernel);
        _bias = parameters.Uniform("bias", bound, channels);
        _noScale = new Tensor(1, channels, 1);
        _rearranged = new DerivedTensor(ops => ops.TransposedWeight(_weight, _stride), _weight);
    }

    /// <summary>Multiply-accumulates per frame.</summary>
    public long MacsPerFrame => _weight.Size;

    /// <summary>Earlier frames that a sample depends on.</summary>
    public int PastFrames => (_kernel + _stride - 1) / _stride - 1;

    /// <summary>Samples that so many frames reach.</summary>
    public long Reach(int frames) => (frames - 1L) * _stride + _kernel;

    /// <summary>mel [b, m, f] → the first <paramref name="length"/> samples, [b, m, length]; at most <see cref="Reach"/> of f.</summary>
    public Tensor Apply(Ops ops, Tensor mel, int length)
    {
        Tensor frames = Extend(ops, mel, (length + _stride - 1) / _stride);
        Tensor phases = ops.Conv1d(frames, _rearranged.Of(ops), null, new ConvShape(Left: PastFrames), site: _name);
        if (frames != mel) ops.Free(frames);
        Tensor samples = ops.Unfold(phases, _stride);
        ops.Free(phases);
        // The bias belongs to a channel, not to each of its phases: it is added at audio rate.
        Tensor biased = ops.ChannelAffine(samples, _noScale, _bias);
        ops.Free(samples);
        if (biased.Length == length) return biased;
        Tensor cropped = ops.Crop(biased, 0, length);
        ops.Free(biased);
        return cropped;
    }

    // The convolution gives stride samples a frame; frames of zeros let the last kernels run out.
    private static Tensor Extend(Ops ops, Tensor mel, int frames)
    {
        if (frames <= mel.Length) return mel;
        Tensor extended = ops.Rent(mel.Batch, mel.Channels, frames);
        for (int b = 0; b < mel.Batch; b++)
            for (int c = 0; c < mel.Channels; c++)
            {
                mel.Row(b, c).CopyTo(extended.Row(b, c));
                extended.Row(b, c)[mel.Length..].Clear();
            }
        return extended;
    }
}
