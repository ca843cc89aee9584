using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

/// <summary>
/// WaveGlow (Prenger, Valle and Catanzaro 2018, arXiv 1811.00002) as published, with the key names of its state dictionary:
/// a mel is brought to audio rate, audio and mel are folded into groups, and steps of invertible 1×1 convolution and affine
/// coupling turn audio into noise (<see cref="Forward"/>) or noise into audio (<see cref="Generate"/>).
/// </summary>
public sealed partial class WaveGlow : VocoderModel
{
    private readonly WaveGlowUpsampler _upsampler;
    private readonly FlowStack _flow;

    /// <summary>Creates a model with random weights, which maps audio to noise linearly until it is trained or loaded.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="recipe">Recipe of its mels; 'nvidia' with the bands and the hop of the configuration when null.</param>
    /// <exception cref="VocoderException">
    /// The configuration is invalid, see <see cref="WaveGlowConfig.Validate"/>, or the recipe has other bands or another hop.
    /// </exception>
    public WaveGlow(WaveGlowConfig config, ulong seed = 0, MelRecipe? recipe = null) : this(config, new ParameterSet(seed), recipe) { }

    /// <summary>The same with an empty set for the weights, which may be limited.</summary>
    internal WaveGlow(WaveGlowConfig config, ParameterSet parameters, MelRecipe? recipe)
    {
        config.Validate();
        Config = config;
        Recipe = recipe ?? MelRecipe.ByName("nvidia") with { Bands = config.MelChannels, HopSize = config.UpsampleStride };
        if (Recipe.Bands != config.MelChannels || Recipe.HopSize != config.UpsampleStride)
            throw new VocoderException($"mel recipe {Recipe.Name} has {Recipe.Bands} bands and a hop of {Recipe.HopSize}, expected {config.MelChannels} and "
                + $"{config.UpsampleStride} as in the WaveGlow configuration");
        Parameters = parameters;
        _upsampler = new WaveGlowUpsampler(Parameters.Scope("upsample"), config);
        var waveNet = new WaveNetConfig(config.WaveNet.Layers, config.WaveNet.Channels, config.WaveNet.Kernel, Causal: false);
        _flow = new FlowStack(Parameters, new FlowStackConfig(config.Group, config.Flows, config.EarlySize > 0 ? config.EarlyEvery : 0,
            config.EarlySize, waveNet, config.MelChannels * config.Group, ActNorm: false, Lu: false, LogScaleClamp: 0f));
        NoiseChannels = [.. _flow.LatentChannels.Reverse()];
    }

    /// <summary>The published model of 22.05 kHz: 80 mels, 12 flows of 8 layers of 256 channels, group 8, 2 channels leaving every 4 flows.</summary>
    public static WaveGlowConfig DefaultConfig { get; } = new(80, 12, 8, 4, 2, new WaveGlowWaveNetConfig(8, 256, 3));

    /// <summary>What the model is made of.</summary>
    public WaveGlowConfig Config { get; }

    /// <summary>The kind of model in a voice file.</summary>
    public const string KindName = "waveglow";

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public override MelRecipe Recipe { get; }

    /// <inheritdoc/>
    /// <remarks>Under the names of the published state dictionary.</remarks>
    public override ParameterSet Parameters { get; }

    /// <summary>Channels of each noise part in the order in which it is drawn: the remaining channels, then each early output from the last to leave.</summary>
    public IReadOnlyList<int> NoiseChannels { get; }

    /// <summary>The flow behind the upsampled mel.</summary>
    internal FlowStack Stack => _flow;

    /// <summary>
    /// Multiply-accumulates per sample: all taps of every convolution (start, in, cond, res_skip, end, the invertible one and the
    /// transposed one of the mel), without biases, gates and additions.
    /// </summary>
    public double MacsPerSample => (double)_flow.MacsPerStep / Config.Group + (double)_upsampler.MacsPerFrame / Config.UpsampleStride;

    /// <inheritdoc/>
    public override double MacsPerSecond => MacsPerSample * Recipe.SampleRate;

    /// <summary>Samples on either side that a sample's couplings see; the convolutions are centred, so past and future are alike.</summary>
    public int ReceptiveField => _flow.Future * Config.Group;

    /// <summary>Samples generated from so many mel frames: stride a frame, less what does not fill a group.</summary>
    public long SampleCount(int frames) => (long)frames * Config.UpsampleStride / Config.Group * Config.Group;

    /// <summary>
    /// Normalises audio [b, 1, n] in ±1 under a mel [b, mel, f]. Samples that do not fill a group are left out. As published, the mel may
    /// be longer than the audio, or shorter as long as the last frame's kernel reaches the end.
    /// </summary>
    /// <exception cref="VocoderException">The mel has other bands, is too short, or the audio is shorter than a group or too long for one pass.</exception>
    public WaveGlowResult Forward(Ops ops, Tensor audio, Tensor mel)
    {
        RequireMel(mel);
        if (audio.Channels != 1 || audio.Batch != mel.Batch)
            throw new ArgumentException($"audio of {audio.Shape} does not go with a mel of {mel.Shape}: expected [{mel.Batch}, 1, n]", nameof(audio));
        if (audio.Length < Config.Group) throw new VocoderException($"audio: found {audio.Length} samples, expected at least {Config.Group}");
        if (audio.Length > _upsampler.Reach(mel.Length))
            throw new VocoderException($"mel: {mel.Length} frames reach {_upsampler.Reach(mel.Length)} samples, expected at least the audio's {audio.Length}");
        int length = audio.Length / Config.Group * Config.Group;
        Tensor condition = Condition(ops, mel, length);
        Tensor grouped = ops.Fold(length == audio.Length ? audio : ops.Crop(audio, 0, length), Config.Group);
        FlowResult result = _flow.Forward(ops, grouped, condition);
        IReadOnlyList<Tensor> LogDets(string prefix) =>
            [.. result.LogDets.Where(d => d.Flow.StartsWith(prefix, StringComparison.Ordinal)).Select(d => d.LogDet)];
        return new WaveGlowResult(result.Latents.Aggregate(ops.Concat), LogDets("WN."), LogDets("convinv."));
    }

    /// <summary>
    /// Generates audio [b, 1, <see cref="SampleCount"/> of f] from a mel [b, mel, f] and noise already multiplied by σ: one part
    /// [b, c, t] for each of <see cref="NoiseChannels"/>, in that order, t being the samples over the group.
    /// </summary>
    /// <exception cref="VocoderException">The mel has other bands, or is too long for one pass.</exception>
    public Tensor Generate(Ops ops, Tensor mel, IReadOnlyList<Tensor> noise)
    {
        RequireMel(mel);
        long length = SampleCount(mel.Length);
        if (length == 0) throw new VocoderException($"mel: {mel.Length} frames give no group of {Config.Group} samples");
        RequireOnePass(mel.Batch, length);
        int steps = (int)(length / Config.Group);
        if (noise.Count != NoiseChannels.Count) throw new ArgumentException($"found {noise.Count} noise parts, expected {NoiseChannels.Count}", nameof(noise));
        for (int i = 0; i < noise.Count; i++)
            if (noise[i].Batch != mel.Batch || noise[i].Channels != NoiseChannels[i] || noise[i].Length != steps)
                throw new ArgumentException($"noise part {i} has shape {noise[i].Shape}, expected [{mel.Batch}, {NoiseChannels[i]}, {steps}]", nameof(noise));
        Tensor condition = Condition(ops, mel, (int)length);
        return ops.Unfold(_flow.Inverse(ops, [.. noise.Reverse()], condition), Config.Group);
    }

    // mel [b, m, f] → [b, m·group, length/group]; channel m·group + phase.
    private Tensor Condition(Ops ops, Tensor mel, int length)
    {
        RequireOnePass(mel.Batch, length);
        Tensor upsampled = _upsampler.Apply(ops, mel, length);
        Tensor condition = ops.Fold(upsampled, Config.Group);
        ops.Free(upsampled);
        return condition;
    }

    private void RequireMel(Tensor mel)
    {
        if (mel.Channels != Config.MelChannels || mel.Length == 0)
            throw new VocoderException($"mel: found {mel.Channels} bands and {mel.Length} frames, expected {Config.MelChannels} bands and at least 1 frame");
    }

    // The widest intermediate result must stay below the 2^31 elements of a tensor, with room for rounding and borders.
    private void RequireOnePass(int batch, long length)
    {
        long width = Math.Max((long)Config.MelChannels * Config.Group, 2L * Config.WaveNet.Channels);
        long most = (1L << 30) / (width * batch) * Config.Group;
        if (length > most) throw new VocoderException($"found {length} samples, expected at most {most} in one pass");
    }
}
