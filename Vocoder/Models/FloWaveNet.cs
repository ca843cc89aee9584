using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

/// <summary>Configuration of a <see cref="FloWaveNet"/>: the arguments of the published constructor. The default values are those of the published model.</summary>
/// <param name="MelChannels">Bands of the mel, cin_channel.</param>
/// <param name="Blocks">Context blocks, n_block; each halves the rate.</param>
/// <param name="Flows">Flows of a block, n_flow.</param>
/// <param name="Layers">Layers of each network, n_layer.</param>
/// <param name="Affine">Affine couplings; else additive ones.</param>
/// <param name="BlocksPerSplit">Blocks after which half of the channels leave, block_per_split.</param>
/// <param name="Channels">Channels of the networks, 256 as published.</param>
/// <param name="UpsampleScales">Scales of the transposed convolutions that bring the mel to audio rate.</param>
public sealed record FloWaveNetConfig(int MelChannels = 80, int Blocks = 8, int Flows = 6, int Layers = 2, bool Affine = true, int BlocksPerSplit = 4, int Channels = 256,
    IReadOnlyList<int>? UpsampleScales = null)
{
    /// <summary>Checks that the numbers can be built.</summary>
    /// <exception cref="VocoderException">One of them cannot; the message names it with its value and what was expected.</exception>
    public void Validate()
    {
        ConfigJson.Check(MelChannels is >= 1 and <= 1024, "cin_channel", MelChannels, "1 to 1024");
        ConfigJson.Check(Blocks is >= 1 and <= 8, "n_block", Blocks, "1 to 8");
        ConfigJson.Check(Flows is >= 1 and <= 64, "n_flow", Flows, "1 to 64");
        ConfigJson.Check(Layers is >= 1 and <= 12, "n_layer", Layers, "1 to 12");
        ConfigJson.Check(BlocksPerSplit >= 1, "block_per_split", BlocksPerSplit, "1 or more");
        ConfigJson.Check(Channels is >= 1 and <= 1024, "filter_size", Channels, "1 to 1024");
    }
}

/// <summary>
/// FloWaveNet (Kim et al. 2019, arXiv 1811.02155) with the key names of its published state dictionary: context blocks of squeeze and flows, after some of which half of the channels leave with a
/// prior that the other half tells. Audio becomes noise (<see cref="Forward"/>) and noise audio (<see cref="Generate"/>) in one pass.
/// </summary>
public sealed class FloWaveNet
{
    private readonly PlaneUpsampler _upsampler;
    private readonly FloWaveNetFlow[][] _flows;
    private readonly ResidualWaveNet?[] _priors;

    /// <summary>Creates a model with random weights.</summary>
    /// <exception cref="VocoderException">The configuration cannot be built.</exception>
    public FloWaveNet(FloWaveNetConfig config, ulong seed = 0)
    {
        config.Validate();
        (Config, Parameters) = (config, new ParameterSet(seed));
        (_flows, _priors) = (new FloWaveNetFlow[config.Blocks][], new ResidualWaveNet?[config.Blocks]);
        var net = new ResidualWaveNetConfig(1, config.Layers, config.Channels, config.Channels, config.Channels);
        int channels = 1, conditions = config.MelChannels;
        for (int i = 0; i < config.Blocks; i++)
        {
            (channels, conditions) = (2 * channels, 2 * conditions);
            ParameterSet block = Parameters.Scope($"blocks.{i}");
            _flows[i] = [.. Enumerable.Range(0, config.Flows).Select(k => new FloWaveNetFlow(block.Scope($"flows.{k}"), net, channels, conditions, config.Affine))];
            if (!SplitsAfter(i)) continue;
            _priors[i] = new ResidualWaveNet(block.Scope("prior"), net with { Layers = 2 }, channels / 2, channels, conditions);
            channels /= 2;
        }
        _upsampler = new PlaneUpsampler(Parameters.Scope("upsample_conv"), config.UpsampleScales ?? [16, 16]);
    }

    /// <summary>What the model is made of.</summary>
    public FloWaveNetConfig Config { get; }

    /// <summary>All trained values, under the names of the published state dictionary.</summary>
    public ParameterSet Parameters { get; }

    private bool SplitsAfter(int block) => (block + 1) % Config.BlocksPerSplit == 0 && block < Config.Blocks - 1;

    /// <summary>mel [b, bands, f] → [b, bands, f·hop].</summary>
    internal Tensor Upsample(Ops ops, Tensor mel) => _upsampler.Apply(ops, mel);

    /// <summary>Normalises audio [b, 1, n], n a multiple of 2^blocks, under a mel [b, bands, f] that is at least as long.</summary>
    /// <exception cref="VocoderException">The audio is no such multiple, or the mel has other bands or is too short.</exception>
    public MultiScaleResult Forward(Ops ops, Tensor audio, Tensor mel) => Forward(ops, audio, mel, null);

    /// <summary>Sets every activation normalisation from a first batch, each on what the earlier ones give.</summary>
    public void Initialize(Ops ops, Tensor audio, Tensor mel) => Forward(ops, audio, mel, (flow, x) => flow.Initialize(ops, x));

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

    /// <summary>
    /// Generates audio [b, 1, n] from a mel and noise already multiplied by σ, [b, 1, n]: squeezed and split as audio is, its halves are the noise of the priors, so that σ reaches them. The published
    /// synthesis is the inverse of training for an even number of flows; this one is for every number.
    /// </summary>
    /// <exception cref="VocoderException">As for <see cref="Forward(Ops, Tensor, Tensor)"/>.</exception>
    public Tensor Generate(Ops ops, Tensor mel, Tensor noise)
    {
        Tensor z = noise, c = Condition(ops, mel, noise.Length);
        var given = new Tensor?[_flows.Length];
        for (int i = 0; i < _flows.Length; i++)
        {
            (z, c) = (ops.Fold(z, 2), ops.Fold(c, 2));
            // The halves of each block's condition have changed places once for each of its flows.
            if (Config.Flows % 2 == 1) c = Swapped(ops, c);
            if (_priors[i] == null) continue;
            given[i] = ops.Slice(z, z.Channels / 2, z.Channels / 2);
            z = ops.Slice(z, 0, z.Channels / 2);
        }
        for (int i = _flows.Length - 1; i >= 0; i--)
        {
            if (_priors[i] is { } prior)
            {
                var (mean, logScale) = Prior(ops, prior, z, c);
                z = ops.Concat(z, ops.Affine(given[i]!, logScale, mean));
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
        if (mel.Channels != Config.MelChannels) throw new VocoderException($"mel: found {mel.Channels} bands, expected {Config.MelChannels}");
        int group = 1 << Config.Blocks;
        if (samples == 0 || samples % group != 0) throw new VocoderException($"found {samples} samples, expected a multiple of {group}");
        if ((long)mel.Length * _upsampler.Scale < samples) throw new VocoderException($"mel: {mel.Length} frames are {(long)mel.Length * _upsampler.Scale} samples, expected at least {samples}");
        return ops.Crop(_upsampler.Apply(ops, mel), 0, samples);
    }
}
