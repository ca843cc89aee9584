using FlowVocoder.Compute;
using FlowVocoder.Features;

namespace FlowVocoder.Models;

/// <summary>
/// ClariNet (Ping et al. 2019) as a voice: the student, with the transposed convolutions of its teacher that bring the mel to audio rate. It speaks in one pass
/// and streams. Its first sample is 0 whatever the noise, so that no recording tells the first noise: undone, which goes step by step, it is taken as 0, and
/// the first sample has no likelihood.
/// </summary>
public sealed class ClariNet : ClariNetVocoder
{
    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="recipe">Recipe of its mels; 'flowavenet' with the bands and the hop of the configuration when null.</param>
    /// <exception cref="VocoderException">The configuration cannot be built.</exception>
    public ClariNet(ClariNetConfig config, ulong seed = 0, MelRecipe? recipe = null) : this(config, new ParameterSet(seed), recipe) { }

    /// <summary>The same with an empty set for the weights, which may be limited.</summary>
    internal ClariNet(ClariNetConfig config, ParameterSet parameters, MelRecipe? recipe)
        : base(parameters, recipe, Checked(config).MelChannels, config.UpsampleScales)
    {
        Config = config;
        Student = new ClariNetStudent(parameters, config);
    }

    /// <summary>What the model is made of.</summary>
    public ClariNetConfig Config { get; }

    /// <summary>The kind of model in a voice file.</summary>
    public const string KindName = "clarinet";

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public override bool ScoresStepByStep => true;

    /// <summary>What speaks.</summary>
    internal ClariNetStudent Student { get; }

    private protected override long MacsPerSample => Student.MacsPerStep;

    private protected override int NetworkPast => Student.PastSamples;

    internal override Tensor Speak(Ops ops, Tensor noise, Tensor condition, bool isStart) => Student.Speak(ops, noise, condition, isStart);

    private protected override ClariNetLatents Normalize(Ops ops, Tensor audio, Tensor condition, bool isStart) =>
        Student.Normalize(ops, audio, condition, isStart);

    private static ClariNetConfig Checked(ClariNetConfig config)
    {
        config.Validate();
        return config;
    }
}
