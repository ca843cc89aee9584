using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

/// <summary>
/// FloWaveNet (Kim et al. 2019, arXiv 1811.02155) with the key names of its published state dictionary: context blocks of squeeze and flows, after some of
/// which half of the channels leave with a prior that the other half tells. Audio becomes noise (<see cref="Forward"/>) and noise audio
/// (<see cref="Generate"/>) in one pass.
/// </summary>
public sealed class FloWaveNet : MultiScaleVocoder
{
    private readonly PlaneUpsampler _upsampler;
    private readonly FloWaveNetFlow[][] _flows;
    private readonly ResidualWaveNet?[] _priors;

    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="recipe">Recipe of its mels; 'flowavenet' with the bands and the hop of the configuration when null.</param>
    /// <exception cref="VocoderException">The configuration cannot be built.</exception>
    public FloWaveNet(FloWaveNetConfig config, ulong seed = 0, MelRecipe? recipe = null) : this(config, new ParameterSet(seed), recipe) { }

    /// <summary>The same with an empty set for the weights, which may be limited.</summary>
    internal FloWaveNet(FloWaveNetConfig config, ParameterSet parameters, MelRecipe? recipe)
        : base(parameters, recipe ?? MelRecipe.ByName("flowavenet") with { Bands = config.MelChannels, HopSize = config.Hop })
    {
        Config = config;
        config.Validate();
        RequireRecipe(config.MelChannels);
        Models.JsonConfig.Check(config.Hop == Recipe.HopSize, "upsample_scales", string.Join(",", config.UpsampleScales),
            $"numbers whose product is the hop {Recipe.HopSize}");
        (_flows, _priors) = (new FloWaveNetFlow[config.Blocks][], new ResidualWaveNet?[config.Blocks]);
        var net = new ResidualWaveNetConfig(1, config.Layers, config.Channels, config.Channels, config.Channels);
        int channels = 1, conditions = config.MelChannels;
        for (int i = 0; i < config.Blocks; i++)
        {
            (channels, conditions) = (2 * channels, 2 * conditions);
            ParameterSet block = Parameters.Scope($"blocks.{i}");
            _flows[i] = [.. Enumerable.Range(0, config.Flows)
                .Select(k => new FloWaveNetFlow(block.Scope($"flows.{k}"), net, channels, conditions, config.Affine))];
            if (!SplitsAfter(i)) continue;
            _priors[i] = new ResidualWaveNet(block.Scope("prior"), net with { Layers = 2 }, channels / 2, channels, conditions);
            channels /= 2;
        }
        _upsampler = new PlaneUpsampler(Parameters.Scope("upsample_conv"), config.UpsampleScales);
    }

    /// <summary>What the model is made of.</summary>
    public FloWaveNetConfig Config { get; }

    /// <summary>The kind of model in a voice file.</summary>
    public const string KindName = "flowavenet";

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public override int Group => 1 << Config.Blocks;

    /// <inheritdoc/>
    private protected override IReadOnlyList<(int Channels, int Step)> Parts
    {
        get
        {
            var parts = new List<(int, int)>();
            int channels = 1;
            foreach (var (step, _, prior) in Blocks)
            {
                // A squeeze doubles the channels; what leaves is half of them.
                if (prior == null) channels *= 2;
                else parts.Add((channels, step));
            }
            return [.. parts, (channels, Group)];
        }
    }

    /// <inheritdoc/>
    private protected override int Reach => Blocks.Sum(block => (block.Flows.Sum(flow => flow.Past) + (block.Prior?.Past ?? 0)) * block.Step);

    /// <inheritdoc/>
    private protected override (int Before, int After) MelReach => (_upsampler.Reach, _upsampler.Reach);

    /// <inheritdoc/>
    public override double MacsPerSecond => Recipe.SampleRate *
        (Blocks.Sum(block => (block.Flows.Sum(flow => (double)flow.MacsPerStep) + (block.Prior?.MacsPerStep ?? 0)) / block.Step)
            + (double)_upsampler.MacsPerFrame(Recipe.Bands) / Recipe.HopSize);

    private IEnumerable<(int Step, FloWaveNetFlow[] Flows, ResidualWaveNet? Prior)> Blocks => _flows.Select((flows, i) => (2 << i, flows, _priors[i]));

    private bool SplitsAfter(int block) => (block + 1) % Config.BlocksPerSplit == 0 && block < Config.Blocks - 1;

    /// <summary>mel [b, bands, f] → [b, bands, f·hop].</summary>
    internal Tensor Upsample(Ops ops, Tensor mel) => _upsampler.Apply(ops, mel);

    /// <inheritdoc/>
    public override MultiScaleResult Forward(Ops ops, Tensor audio, Tensor mel) => Forward(ops, audio, mel, null);

    /// <inheritdoc/>
    public override void Initialize(Ops ops, Tensor audio, Tensor mel) => Forward(ops, audio, mel, (flow, x) => flow.Initialize(ops, x));

    private MultiScaleResult Forward(Ops ops, Tensor audio, Tensor mel, Action<FloWaveNetFlow, Tensor>? visit)
    {
        Tensor x = audio, c = Condition(ops, mel, audio.Length);
        var latents = new List<Tensor>();
        var logDets = new List<(string, Tensor)>();
        for (int i = 0; i < _flows.Length; i++)
        {
            (x, c) = (ops.Fold(x, 2), ops.Fold(c, 2));
            foreach (var (k, flow) in _flows[i].Index())
            {
                visit?.Invoke(flow, x);
                x = flow.Forward(ops, x, c, out Tensor logDet);
                logDets.Add(($"blocks.{i}.flows.{k}", logDet));
                c = Swapped(ops, c);
            }
            if (_priors[i] is not { } prior) continue;
            Tensor kept = ops.Slice(x, 0, x.Channels / 2);
            var (mean, logScale) = Prior(ops, prior, kept, c);
            latents.Add(ops.AffineInverse(ops.Slice(x, kept.Channels, kept.Channels), logScale, mean));
            logDets.Add(($"blocks.{i}.prior", ops.Scale(ops.Sum(logScale), -1f)));
            x = kept;
        }
        latents.Add(x);
        return new MultiScaleResult(latents, logDets);
    }

    /// <inheritdoc/>
    public override Tensor Generate(Ops ops, Tensor mel, Tensor noise)
    {
        var parts = new List<Tensor>();
        Tensor z = noise;
        foreach (ResidualWaveNet? prior in _priors)
        {
            z = ops.Fold(z, 2);
            if (prior == null) continue;
            parts.Add(ops.Slice(z, z.Channels / 2, z.Channels / 2));
            z = ops.Slice(z, 0, z.Channels / 2);
        }
        return Generate(ops, mel, [.. parts, z]);
    }

    /// <inheritdoc/>
    /// <remarks>The published synthesis is the inverse of training for an even number of flows a block; this one is for every number.</remarks>
    public override Tensor Generate(Ops ops, Tensor mel, IReadOnlyList<Tensor> latents)
    {
        int part = latents.Count - 1;
        Tensor z = latents[part], c = Condition(ops, mel, latents.Sum(latent => latent.Channels * latent.Length));
        foreach (FloWaveNetFlow[] _ in _flows)
        {
            c = ops.Fold(c, 2);
            // The halves of each block's condition have changed places once for each of its flows.
            if (Config.Flows % 2 == 1) c = Swapped(ops, c);
        }
        for (int i = _flows.Length - 1; i >= 0; i--)
        {
            if (_priors[i] is { } prior)
            {
                var (mean, logScale) = Prior(ops, prior, z, c);
                z = ops.Concat(z, ops.Affine(latents[--part], logScale, mean));
            }
            foreach (FloWaveNetFlow flow in _flows[i].Reverse())
            {
                c = Swapped(ops, c);
                z = flow.Inverse(ops, z, c);
            }
            (z, c) = (ops.Unfold(z, 2), ops.Unfold(c, 2));
        }
        return z;
    }

    private static (Tensor Mean, Tensor LogScale) Prior(Ops ops, ResidualWaveNet prior, Tensor kept, Tensor condition)
    {
        Tensor output = prior.Apply(ops, kept, condition);
        return (ops.Slice(output, 0, kept.Channels), ops.Slice(output, kept.Channels, kept.Channels));
    }

    private static Tensor Swapped(Ops ops, Tensor x) => ops.Concat(ops.Slice(x, x.Channels / 2, x.Channels / 2), ops.Slice(x, 0, x.Channels / 2));

    private Tensor Condition(Ops ops, Tensor mel, int samples)
    {
        Require(mel, samples, (long)mel.Length * _upsampler.Scale);
        return ops.Crop(_upsampler.Apply(ops, mel), 0, samples);
    }
}
