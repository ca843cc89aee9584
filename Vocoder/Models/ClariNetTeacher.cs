using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Models;

/// <summary>
/// The teacher of ClariNet (Ping et al. 2019, arXiv 1807.07281) with the key names of https://github.com/ksw0306/ClariNet: a WaveNet whose output is the normal
/// distribution of the next sample, a masked autoregressive flow. Its convolutions double (by the kernel) from 1 in each block and are causal; it owns the
/// up-sampling of the mel, which the student shares.
/// </summary>
public sealed class ClariNetTeacher : IRecursion
{
    private const int FrontTaps = 32;
    private const float SmallestLogScale = -9f;
    private readonly ResidualWaveNet _net;
    private readonly PlaneUpsampler _upsampler;

    /// <summary>Creates a teacher with random weights.</summary>
    /// <param name="melChannels">Bands of the mel, cin_channels.</param>
    /// <param name="blocks">Blocks of dilations, num_blocks.</param>
    /// <param name="layers">Layers of a block, num_layers.</param>
    /// <param name="residual">Residual channels.</param>
    /// <param name="gate">Gate channels.</param>
    /// <param name="skip">Skip channels.</param>
    /// <param name="kernel">Taps of the dilated convolutions and factor from one dilation to the next.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="upsampleScales">Scales of the transposed convolutions; 16 and 16 when null.</param>
    public ClariNetTeacher(int melChannels = 80, int blocks = 2, int layers = 10, int residual = 128, int gate = 256, int skip = 128, int kernel = 2,
        ulong seed = 0, IReadOnlyList<int>? upsampleScales = null)
    {
        Parameters = new ParameterSet(seed);
        _net = new ResidualWaveNet(Parameters, new ResidualWaveNetConfig(blocks, layers, residual, gate, skip, kernel, FrontTaps, Causal: true,
            DilationBase: kernel, ZeroEnd: false), 1, 2, melChannels);
        _upsampler = new PlaneUpsampler(Parameters.Scope("upsample_conv"), upsampleScales ?? [16, 16]);
    }

    /// <summary>All trained values, under the published names.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Samples, itself among them, that the distribution of the next one depends on.</summary>
    public int ReceptiveField => _net.Past + 1;

    /// <summary>mel [b, bands, f] → [b, bands, f·hop], as teacher and student take it.</summary>
    public Tensor Upsample(Ops ops, Tensor mel) => _upsampler.Apply(ops, mel);

    /// <summary>Mean and log σ of the sample that follows each of audio [b, 1, t], from it and those before, given the condition of the same samples.</summary>
    public (Tensor Mean, Tensor LogScale) Distribution(Ops ops, Tensor audio, Tensor condition)
    {
        Tensor output = _net.Apply(ops, audio, condition);
        return (ops.Slice(output, 0, 1), ops.Slice(output, 1, 1));
    }

    /// <summary>
    /// The published loss: negative log-likelihood of every sample but the first in nats per sample, less ½ log 2π, as [1,1,1]; log σ is bounded below by -9.
    /// </summary>
    public Tensor Loss(Ops ops, Tensor audio, Tensor condition)
    {
        var (mean, logScale) = Distribution(ops, audio, condition);
        int last = audio.Length - 1;
        Tensor bounded = ops.Clamp(ops.Crop(logScale, 0, last), SmallestLogScale, float.MaxValue);
        Tensor noise = ops.AffineInverse(ops.Crop(audio, 1, last), bounded, ops.Crop(mean, 0, last));
        return ops.Scale(ops.Add(ops.Scale(ops.SumSquares(noise), 0.5f), ops.Sum(bounded)), 1f / noise.Size);
    }

    /// <summary>
    /// Speaks step by step on cached convolutions: sample i + 1 from those up to i, a zero at first, and noise i, brought into ±1. noise [b, 1, t] and its
    /// condition → [b, 1, t].
    /// </summary>
    public Tensor Generate(Ops ops, Tensor noise, Tensor condition) => ops.Recur(this, noise, condition, 1);

    /// <inheritdoc/>
    string IRecursion.Site => "clarinet";

    Tensor IRecursion.Step(Ops ops, Tensor previous, Tensor x, Tensor condition)
    {
        var (mean, logScale) = Distribution(ops, previous, condition);
        return ops.Clamp(ops.Affine(x, logScale, mean), -1f, 1f);
    }
}
