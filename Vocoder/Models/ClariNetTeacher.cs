using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;

namespace FlowVocoder.Models;

/// <summary>
/// The teacher of ClariNet (Ping et al. 2019, arXiv 1807.07281) with the key names of https://github.com/ksw0306/ClariNet: a WaveNet whose output is the normal
/// distribution of the next sample, a masked autoregressive flow. Its convolutions double (by the kernel) from 1 in each block and are causal; it owns the
/// up-sampling of the mel, which the student shares. It learns and scores in one pass and speaks step by step.
/// </summary>
public sealed class ClariNetTeacher : ClariNetVocoder, IRecursion, ILikelihoodModel
{
    private const int FrontTaps = 32;
    private const float SmallestLogScale = -9f;
    private const string Site = "clarinet", Before = "clarinet.before";
    private readonly ResidualWaveNet _net;

    /// <summary>Creates a teacher with random weights.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="recipe">Recipe of its mels; 'flowavenet' with the bands and the hop of the configuration when null.</param>
    /// <exception cref="VocoderException">The configuration cannot be built.</exception>
    public ClariNetTeacher(ClariNetTeacherConfig config, ulong seed = 0, MelRecipe? recipe = null) : this(config, new ParameterSet(seed), recipe) { }

    /// <summary>The same with an empty set for the weights, which may be limited.</summary>
    internal ClariNetTeacher(ClariNetTeacherConfig config, ParameterSet parameters, MelRecipe? recipe)
        : base(parameters, recipe, Checked(config).MelChannels, config.UpsampleScales)
    {
        Config = config;
        _net = new ResidualWaveNet(Parameters, new ResidualWaveNetConfig(config.Blocks, config.Layers, config.Residual, config.Gate, config.Skip,
            config.Kernel, FrontTaps, Causal: true, DilationBase: config.Kernel, ZeroEnd: false), 1, 2, config.MelChannels);
    }

    /// <summary>What the model is made of.</summary>
    public ClariNetTeacherConfig Config { get; }

    /// <summary>The kind of model in a voice file.</summary>
    public const string KindName = "clarinet-teacher";

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public override bool GeneratesStepByStep => true;

    /// <summary>Samples, itself among them, that the distribution of the next one depends on.</summary>
    public int ReceptiveField => _net.Past + 1;

    private protected override long MacsPerSample => _net.MacsPerStep;

    private protected override int NetworkPast => ReceptiveField;

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
        Tensor bounded = Bounded(ops, ops.Crop(logScale, 0, last));
        Tensor noise = ops.AffineInverse(ops.Crop(audio, 1, last), bounded, ops.Crop(mean, 0, last));
        return ops.Scale(ops.Add(ops.Scale(ops.SumSquares(noise), 0.5f), ops.Sum(bounded)), 1f / noise.Size);
    }

    Tensor ILikelihoodModel.Loss(Ops ops, Tensor audio, Tensor mel) => Loss(ops, audio, Upsample(ops, mel));

    void ILikelihoodModel.Initialize(Ops ops, Tensor audio, Tensor mel) { }

    /// <summary>
    /// Speaks step by step on cached convolutions: each sample from those before it, a zero at first, its noise, and the condition up to its own, brought into
    /// ±1. noise [b, 1, t] and its condition → [b, 1, t]. Published speech does not bound log σ, as training does; here both do, so that what is scored is what
    /// is spoken.
    /// </summary>
    public Tensor Generate(Ops ops, Tensor noise, Tensor condition) => ops.Recur(this, noise, condition, 1);

    internal override Tensor Speak(Ops ops, Tensor noise, Tensor condition, bool isStart) => Generate(ops, noise, condition);

    private protected override ClariNetLatents Normalize(Ops ops, Tensor audio, Tensor condition, bool isStart)
    {
        var (mean, logScale) = Distribution(ops, ops.Delay(audio, Before), condition);
        Tensor bounded = Bounded(ops, logScale);
        return new ClariNetLatents(ops.AffineInverse(audio, bounded, mean), [(Site, bounded)]);
    }

    /// <inheritdoc/>
    string IRecursion.Site => Site;

    Tensor IRecursion.Step(Ops ops, Tensor previous, Tensor x, Tensor condition)
    {
        var (mean, logScale) = Distribution(ops, previous, condition);
        return ops.Clamp(ops.Affine(x, Bounded(ops, logScale), mean), -1f, 1f);
    }

    private static Tensor Bounded(Ops ops, Tensor logScale) => ops.Clamp(logScale, SmallestLogScale, float.MaxValue);

    private static ClariNetTeacherConfig Checked(ClariNetTeacherConfig config)
    {
        config.Validate();
        return config;
    }
}
