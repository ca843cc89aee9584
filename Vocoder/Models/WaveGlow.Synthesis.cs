using System.Numerics;
using FlowVocoder.Compute;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace FlowVocoder.Models;

public sealed partial class WaveGlow
{
    // About 6 s of audio a pass bounds memory, with 2 s of context that is computed twice.
    private const int ChunkFrames = 512;

    /// <summary>
    /// Draws noise and generates the audio of one mel [1, mel, f]: <see cref="SampleCount"/> of f samples, nominally in ±1. Long mels are
    /// generated in parts that overlap by the receptive field, with the same result as in one pass.
    /// </summary>
    /// <param name="mel">The mel, of any length, on the scale the weights were trained on.</param>
    /// <param name="sigma">Standard deviation of the noise, at least 0; published examples use 0.6 to 1.</param>
    /// <param name="seed">Seed of the noise.</param>
    /// <param name="parallelism">Threads to use; one when null. The result does not depend on it.</param>
    /// <exception cref="VocoderException">The mel has other bands or no frames.</exception>
    public float[] Synthesize(Tensor mel, float sigma, ulong seed, Parallelism? parallelism = null) => Synthesize(mel, sigma, seed, parallelism, ChunkFrames);

    internal float[] Synthesize(Tensor mel, float sigma, ulong seed, Parallelism? parallelism, int chunkFrames)
    {
        RequireMel(mel);
        if (mel.Batch != 1) throw new ArgumentException($"found {mel.Batch} mels, expected 1", nameof(mel));
        if (!(sigma >= 0 && float.IsFinite(sigma))) throw new ArgumentOutOfRangeException(nameof(sigma), sigma, "the standard deviation must be at least 0");
        int stride = Config.UpsampleStride, group = Config.Group;
        // Parts start where a frame starts a group.
        int unit = group / (int)BigInteger.GreatestCommonDivisor(stride, group);
        int context = RoundUp((ReceptiveField + stride - 1) / stride + _upsampler.PastFrames, unit), chunk = RoundUp(chunkFrames, unit);
        var audio = new float[SampleCount(mel.Length)];
        var ops = new CpuOps(parallelism);
        for (int start = 0; start < mel.Length; start += chunk)
        {
            int first = Math.Max(0, start - context), end = (int)Math.Min(mel.Length, (long)start + chunk + context);
            Tensor part = ops.Rent(1, mel.Channels, end - first);
            for (int c = 0; c < mel.Channels; c++) mel.Row(0, c)[first..end].CopyTo(part.Row(0, c));
            int steps = (int)(SampleCount(end - first) / group);
            Tensor generated = Generate(ops, part, DrawNoise(ops, sigma, seed, (long)first * stride / group, steps));
            Span<float> kept = generated.Row(0, 0)[((start - first) * stride)..], target = audio.AsSpan(start * stride);
            kept[..Math.Min(Math.Min(kept.Length, chunk * stride), target.Length)].CopyTo(target);
            ops.Reset();
        }
        return audio;
    }

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
            for (int c = 0; c < NoiseChannels[i]; c++) random.Normal(parts[i].Row(0, c), (uint)i, (uint)c, firstStep);
            TensorPrimitives.Multiply(parts[i].Span, sigma, parts[i].Span);
        }
        return parts;
    }

    private static int RoundUp(int value, int unit) => (value + unit - 1) / unit * unit;
}
