using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Models;

/// <summary>What a <see cref="ClariNetStudent"/> says, and the normal distribution of each of its samples but the first, given the noise before it.</summary>
/// <param name="Audio">[b, 1, t]; the first sample is 0.</param>
/// <param name="Mean">μ of sample i + 1, [b, 1, t - 1].</param>
/// <param name="LogScale">log σ of sample i + 1, [b, 1, t - 1].</param>
public readonly record struct ClariNetSpeech(Tensor Audio, Tensor Mean, Tensor LogScale);

/// <summary>
/// The student of ClariNet (Ping et al. 2019, sec. 3.2) with the key names of https://github.com/ksw0306/ClariNet: inverse autoregressive flows one after the
/// other, each a causal WaveNet that tells scale and mean of the next step from those before it. All samples are spoken at once.
/// </summary>
public sealed class ClariNetStudent
{
    private readonly ResidualWaveNet[] _flows;

    /// <summary>Creates a student with random weights.</summary>
    /// <param name="melChannels">Bands of the mel, cin_channels.</param>
    /// <param name="blocks">Blocks of dilations of each flow, num_blocks_student.</param>
    /// <param name="layers">Layers of a block, num_layers.</param>
    /// <param name="frontTaps">Taps of each first convolution, front_channels.</param>
    /// <param name="residual">Residual channels.</param>
    /// <param name="gate">Gate channels.</param>
    /// <param name="skip">Skip channels.</param>
    /// <param name="kernel">Taps of the dilated convolutions; dilations double whatever it is.</param>
    /// <param name="seed">Seed of the weights.</param>
    public ClariNetStudent(int melChannels, IReadOnlyList<int> blocks, int layers = 10, int frontTaps = 32, int residual = 64, int gate = 128, int skip = 64,
        int kernel = 3, ulong seed = 0)
    {
        Parameters = new ParameterSet(seed);
        _flows = [.. blocks.Select((count, i) => new ResidualWaveNet(Parameters.Scope($"iafs.{i}"),
            new ResidualWaveNetConfig(count, layers, residual, gate, skip, kernel, frontTaps, Causal: true, ZeroEnd: false), 1, 2, melChannels))];
    }

    /// <summary>All trained values, under the published names.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Samples of noise that the convolutions see, as published: the delay of one sample in each flow is not counted.</summary>
    public int ReceptiveField => _flows.Sum(flow => flow.Past) + 1;

    /// <summary>Speaks from noise [b, 1, t] and the up-sampled mel of the teacher, [b, bands, t].</summary>
    public ClariNetSpeech Generate(Ops ops, Tensor noise, Tensor condition)
    {
        Tensor z = noise, mask = ops.Rent(noise.Batch, 1, noise.Length);
        mask.Span.Fill(1f);
        // What the published flows put in front of each result.
        for (int b = 0; b < mask.Batch; b++) mask.Row(b, 0)[0] = 0f;
        Tensor? mean = null, logScale = null;
        for (int i = 0; i < _flows.Length; i++)
        {
            Tensor output = ops.Delay(_flows[i].Apply(ops, z, condition), FormattableString.Invariant($"iafs.{i}.delay")), m = ops.Slice(output, 0, 1),
                s = ops.Slice(output, 1, 1);
            z = ops.Multiply(ops.Affine(z, s, m), mask);
            mean = mean == null ? m : ops.Affine(mean, s, m);
            logScale = logScale == null ? s : ops.Add(logScale, s);
        }
        return new ClariNetSpeech(z, ops.Crop(mean!, 1, noise.Length - 1), ops.Crop(logScale!, 1, noise.Length - 1));
    }
}
