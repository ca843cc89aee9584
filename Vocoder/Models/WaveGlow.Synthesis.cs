using System.Numerics;
using FlowVocoder.Compute;
using FlowVocoder.Streaming;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace FlowVocoder.Models;

public sealed partial class WaveGlow : IWindowedModel
{
    /// <inheritdoc/>
    /// <remarks>
    /// The centred convolutions see <see cref="ReceptiveField"/> samples after a sample: 24,480 for the published size, which are 96 frames
    /// or 1.1 s. The upsampling adds nothing, because a frame's kernel starts at its first sample.
    /// </remarks>
    public override int LookAheadFrames => (ReceptiveField + Straddle + Config.UpsampleStride - 1) / Config.UpsampleStride;

    /// <inheritdoc/>
    public override int PastSamples => ReceptiveField + _upsampler.PastFrames * Config.UpsampleStride;

    /// <inheritdoc/>
    /// <exception cref="VocoderException">The options are out of range, or shift the pitch, which this model cannot.</exception>
    private protected override VocoderStream CreateStream(SynthesisOptions options, Parallelism parallelism) => new WindowedStream(this, options, parallelism);

    /// <inheritdoc/>
    /// <remarks>Their receptive field and what the upsampling remembers lie after it, and it starts a group.</remarks>
    long IWindowedModel.ContextStart(long frame)
    {
        int framesToGroup = Config.Group / CommonDivisor;
        return Math.Max(0, frame - LookAheadFrames - _upsampler.PastFrames) / framesToGroup * framesToGroup;
    }

    /// <inheritdoc/>
    Tensor IWindowedModel.Speak(Ops ops, Tensor mel, long firstFrame, SynthesisOptions options) =>
        Generate(ops, mel, DrawNoise(ops, options.Sigma, options.Seed, firstFrame * Recipe.HopSize / Config.Group,
            (int)(SampleCount(mel.Length) / Config.Group)));

    /// <summary>
    /// Normal noise of standard deviation σ for <see cref="Generate"/>, [1, c, steps] for each of <see cref="NoiseChannels"/>. It depends on
    /// seed, part, channel and absolute time only, wherever <paramref name="firstStep"/> cuts it; a step is a group of samples.
    /// </summary>
    public IReadOnlyList<Tensor> DrawNoise(Ops ops, float sigma, ulong seed, long firstStep, int steps)
    {
        var random = new Philox(seed);
        var parts = new Tensor[NoiseChannels.Count];
        for (int i = 0; i < parts.Length; i++)
        {
            parts[i] = ops.Rent(1, NoiseChannels[i], steps);
            random.Normal(parts[i], NoiseStreams.Latents + (uint)i, firstStep);
            TensorPrimitives.Multiply(parts[i].Span, sigma, parts[i].Span);
        }
        return parts;
    }

    // Where a frame does not start a group, its first group begins, and its last one ends, up to so many samples outside of it.
    private int Straddle => Config.Group - CommonDivisor;

    private int CommonDivisor => (int)BigInteger.GreatestCommonDivisor(Config.UpsampleStride, Config.Group);
}
