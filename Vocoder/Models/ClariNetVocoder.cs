using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Streaming;

namespace FlowVocoder.Models;

/// <summary>
/// What the teacher and the student of ClariNet (Ping et al. 2019) share as vocoders: causal networks over single samples, told a mel that transposed
/// convolutions bring to audio rate. They speak and score in chunks, so that memory does not grow with the recording.
/// </summary>
public abstract partial class ClariNetVocoder : VocoderModel
{
    /// <summary>Scope of the weights of the up-sampling.</summary>
    internal const string Upsampling = "upsample_conv";

    private readonly PlaneUpsampler _upsampler;
    private IReadOnlyDictionary<string, (int Batch, int Channels, int Length)>? _stateShapes;

    private protected ClariNetVocoder(ParameterSet parameters, MelRecipe? recipe, int melChannels, int[] upsampleScales)
    {
        int hop = ClariNetConfig.HopOf(upsampleScales);
        Parameters = parameters;
        Recipe = recipe ?? MelRecipe.ByName("flowavenet") with { Bands = melChannels, HopSize = hop };
        JsonConfig.Check(melChannels == Recipe.Bands, "mel_channels", melChannels, $"{Recipe.Bands}, the bands of the mel recipe {Recipe.Name}");
        JsonConfig.Check(hop == Recipe.HopSize, "upsample_scales", string.Join(",", upsampleScales), $"numbers whose product is the hop {Recipe.HopSize}");
        _upsampler = new PlaneUpsampler(parameters.Scope(Upsampling), upsampleScales);
    }

    /// <inheritdoc/>
    public override MelRecipe Recipe { get; }

    /// <inheritdoc/>
    /// <remarks>Under the names of the published state dictionaries.</remarks>
    public override ParameterSet Parameters { get; }

    /// <summary>Multiply-accumulates of the networks per sample.</summary>
    private protected abstract long MacsPerSample { get; }

    /// <summary>Samples before one that it depends on through the networks.</summary>
    private protected abstract int NetworkPast { get; }

    /// <inheritdoc/>
    public override double MacsPerSecond => Recipe.SampleRate * (MacsPerSample + (double)_upsampler.MacsPerFrame(Recipe.Bands) / Recipe.HopSize);

    /// <inheritdoc/>
    /// <remarks>The networks are causal; the up-sampling looks to both sides.</remarks>
    public override int LookAheadFrames => _upsampler.Reach;

    /// <inheritdoc/>
    public override int PastSamples => NetworkPast + _upsampler.Reach * Recipe.HopSize;

    /// <summary>See <see cref="ClariNetStream.Shapes"/>; found when a state is first restored.</summary>
    internal IReadOnlyDictionary<string, (int Batch, int Channels, int Length)> StateShapes =>
        LazyInitializer.EnsureInitialized(ref _stateShapes, () => ClariNetStream.Shapes(this));

    /// <summary>mel [b, bands, f] → [b, bands, f·hop], as the networks are told it.</summary>
    public Tensor Upsample(Ops ops, Tensor mel) => _upsampler.Apply(ops, mel);

    /// <summary>Audio [b, 1, t] of a signal or of a chunk of it.</summary>
    /// <param name="ops">Operations, which remember the past from chunk to chunk.</param>
    /// <param name="noise">[b, 1, t], multiplied by σ.</param>
    /// <param name="condition">[b, bands, t].</param>
    /// <param name="isStart">Whether the signal begins here.</param>
    internal abstract Tensor Speak(Ops ops, Tensor noise, Tensor condition, bool isStart);

    /// <summary>Undoes <see cref="Speak"/>; the same of its arguments. The operations are those of no stream that speaks.</summary>
    private protected abstract ClariNetLatents Normalize(Ops ops, Tensor audio, Tensor condition, bool isStart);

    /// <inheritdoc/>
    private protected override VocoderStream CreateStream(SynthesisOptions options, Parallelism parallelism) => new ClariNetStream(this, options, parallelism);
}

/// <summary>What a stretch of speech becomes: latents z [1, 1, t] of its last t samples, and of each layer log σ, by which z was divided.</summary>
internal readonly record struct ClariNetLatents(Tensor Z, IReadOnlyList<(string Layer, Tensor LogScale)> Layers);
