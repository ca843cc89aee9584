using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Streaming;

namespace FlowVocoder.Models;

/// <summary>
/// ClariNet (Ping et al. 2019) as a voice: the student, with the transposed convolutions of its teacher that bring the mel to audio rate. It speaks in one pass
/// and streams; how likely a recording is only its teacher knew.
/// </summary>
public sealed class ClariNet : VocoderModel
{
    private readonly PlaneUpsampler _upsampler;
    private IReadOnlyDictionary<string, (int Batch, int Channels, int Length)>? _stateShapes;

    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="recipe">Recipe of its mels; 'flowavenet' with the bands and the hop of the configuration when null.</param>
    /// <exception cref="VocoderException">The configuration cannot be built.</exception>
    public ClariNet(ClariNetConfig config, ulong seed = 0, MelRecipe? recipe = null) : this(config, new ParameterSet(seed), recipe) { }

    /// <summary>The same with an empty set for the weights, which may be limited.</summary>
    internal ClariNet(ClariNetConfig config, ParameterSet parameters, MelRecipe? recipe)
    {
        config.Validate();
        (Config, Parameters) = (config, parameters);
        Recipe = recipe ?? MelRecipe.ByName("flowavenet") with { Bands = config.MelChannels, HopSize = config.Hop };
        JsonConfig.Check(config.MelChannels == Recipe.Bands, "mel_channels", config.MelChannels, $"{Recipe.Bands}, the bands of the mel recipe {Recipe.Name}");
        JsonConfig.Check(config.Hop == Recipe.HopSize, "upsample_scales", string.Join(",", config.UpsampleScales),
            $"numbers whose product is the hop {Recipe.HopSize}");
        Student = new ClariNetStudent(parameters, config);
        _upsampler = new PlaneUpsampler(parameters.Scope("upsample_conv"), config.UpsampleScales);
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
    public override MelRecipe Recipe { get; }

    /// <inheritdoc/>
    /// <remarks>Under the names of the published state dictionaries, "iafs" of the student and "upsample_conv" of the teacher.</remarks>
    public override ParameterSet Parameters { get; }

    /// <summary>What speaks.</summary>
    internal ClariNetStudent Student { get; }

    /// <inheritdoc/>
    public override double MacsPerSecond => Recipe.SampleRate * (Student.MacsPerStep + (double)_upsampler.MacsPerFrame(Recipe.Bands) / Recipe.HopSize);

    /// <inheritdoc/>
    /// <remarks>The flows are causal; the up-sampling looks to both sides.</remarks>
    public override int LookAheadFrames => _upsampler.Reach;

    /// <inheritdoc/>
    public override int PastSamples => Student.PastSamples + _upsampler.Reach * Recipe.HopSize;

    /// <summary>See <see cref="ClariNetStream.Shapes"/>; found when a state is first restored.</summary>
    internal IReadOnlyDictionary<string, (int Batch, int Channels, int Length)> StateShapes =>
        LazyInitializer.EnsureInitialized(ref _stateShapes, () => ClariNetStream.Shapes(this));

    /// <summary>mel [b, bands, f] → [b, bands, f·hop].</summary>
    internal Tensor Upsample(Ops ops, Tensor mel) => _upsampler.Apply(ops, mel);

    /// <inheritdoc/>
    private protected override VocoderStream CreateStream(SynthesisOptions options, Parallelism parallelism) => new ClariNetStream(this, options, parallelism);

    /// <inheritdoc/>
    /// <exception cref="VocoderException">Always: undoing the student goes step by step through all of its flows, which is not written.</exception>
    public override Likelihood Score(ReadOnlySpan<float> mel, ReadOnlySpan<float> audio, Parallelism parallelism) =>
        throw new VocoderException($"a voice of kind {KindName} speaks and does not score, expected one of kind {CompactVocoder.KindName} say");
}
