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
    private readonly string[] _delays;
    private readonly Undone[] _undone;

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
        int kernel = 3, ulong seed = 0) : this(new ParameterSet(seed), new ClariNetConfig
        {
            MelChannels = melChannels, Blocks = [.. blocks], Layers = layers, FrontTaps = frontTaps, Residual = residual, Gate = gate, Skip = skip,
            Kernel = kernel,
        })
    {
    }

    /// <summary>The same with weights in a set that others share.</summary>
    internal ClariNetStudent(ParameterSet parameters, ClariNetConfig config)
    {
        Parameters = parameters;
        var net = new ResidualWaveNetConfig(1, config.Layers, config.Residual, config.Gate, config.Skip, config.Kernel, config.FrontTaps, Causal: true,
            ZeroEnd: false);
        _flows = [.. config.Blocks.Select((count, i) => new ResidualWaveNet(Parameters.Scope($"iafs.{i}"), net with { Blocks = count }, 1, 2,
            config.MelChannels))];
        _delays = [.. config.Blocks.Select((_, i) => FormattableString.Invariant($"iafs.{i}.delay"))];
        _undone = [.. _flows.Select((flow, i) => new Undone(flow, FormattableString.Invariant($"iafs.{i}")))];
    }

    /// <summary>All trained values, under the published names.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>Samples of noise that the convolutions see, as published: the delay of one sample in each flow is not counted.</summary>
    public int ReceptiveField => _flows.Sum(flow => flow.Past) + 1;

    /// <summary>Samples before one that it depends on, the delays counted.</summary>
    internal int PastSamples => _flows.Sum(flow => flow.Past + 1);

    /// <summary>Multiply-accumulates per sample.</summary>
    internal long MacsPerStep => _flows.Sum(flow => flow.MacsPerStep);

    /// <summary>Speaks from noise [b, 1, t] and the up-sampled mel of the teacher, [b, bands, t].</summary>
    public ClariNetSpeech Generate(Ops ops, Tensor noise, Tensor condition)
    {
        Tensor z = noise, mask = Mask(ops, noise);
        Tensor? mean = null, logScale = null;
        for (int i = 0; i < _flows.Length; i++)
        {
            Tensor output = ops.Delay(_flows[i].Apply(ops, z, condition), _delays[i]), m = ops.Slice(output, 0, 1), s = ops.Slice(output, 1, 1);
            z = ops.Multiply(ops.Affine(z, s, m), mask);
            mean = mean == null ? m : ops.Affine(mean, s, m);
            logScale = logScale == null ? s : ops.Add(logScale, s);
        }
        return new ClariNetSpeech(z, ops.Crop(mean!, 1, noise.Length - 1), ops.Crop(logScale!, 1, noise.Length - 1));
    }

    /// <summary>The audio alone, [b, 1, t], of a signal or of a chunk of it.</summary>
    /// <param name="ops">Operations, which remember the past from chunk to chunk.</param>
    /// <param name="noise">[b, 1, t].</param>
    /// <param name="condition">[b, bands, t].</param>
    /// <param name="isStart">Whether the signal begins here.</param>
    internal Tensor Speak(Ops ops, Tensor noise, Tensor condition, bool isStart)
    {
        Tensor z = noise;
        Tensor? mask = isStart ? Mask(ops, noise) : null;
        for (int i = 0; i < _flows.Length; i++)
        {
            Tensor output = ops.Delay(_flows[i].Apply(ops, z, condition), _delays[i]);
            z = ops.Affine(z, ops.Slice(output, 1, 1), ops.Slice(output, 0, 1));
            if (mask != null) z = ops.Multiply(z, mask);
        }
        return z;
    }

    /// <summary>
    /// Undoes <see cref="Speak"/>, flow by flow and in each step by step, on operations of its own: noise of all samples but the first of the signal, whose
    /// noise, which no sample tells, is taken as 0.
    /// </summary>
    internal ClariNetLatents Normalize(Ops ops, Tensor audio, Tensor condition, bool isStart)
    {
        // A sample was told the condition of the one before it.
        Tensor told = ops.Delay(condition, "iafs.condition"), x = audio;
        if (isStart) (told, x) = (ops.Crop(told, 1, audio.Length - 1), ops.Crop(x, 1, audio.Length - 1));
        var layers = new List<(string, Tensor)>();
        foreach (Undone flow in _undone.Reverse())
        {
            Tensor found = ops.Recur(flow, x, told, 2);
            x = ops.Slice(found, 0, 1);
            layers.Add((flow.Site, ops.Slice(found, 1, 1)));
        }
        return new ClariNetLatents(x, layers);
    }

    // From what a flow gave to what it was given: z_t = (x_t - m(z_<t))·exp(-s(z_<t)), above s.
    private sealed class Undone(ResidualWaveNet net, string site) : IRecursion
    {
        public string Site => site;

        public Tensor Step(Ops ops, Tensor previous, Tensor x, Tensor condition)
        {
            Tensor output = net.Apply(ops, ops.Slice(previous, 0, 1), condition), logScale = ops.Slice(output, 1, 1);
            return ops.Concat(ops.AffineInverse(x, logScale, ops.Slice(output, 0, 1)), logScale);
        }
    }

    // What the published flows put in front of each result.
    private static Tensor Mask(Ops ops, Tensor noise)
    {
        Tensor mask = ops.Rent(noise.Batch, 1, noise.Length);
        mask.Span.Fill(1f);
        for (int b = 0; b < mask.Batch; b++) mask.Row(b, 0)[0] = 0f;
        return mask;
    }
}
