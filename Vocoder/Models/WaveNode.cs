using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

/// <summary>Configuration of a <see cref="WaveNode"/>. The default values are those of the published model.</summary>
/// <param name="MelChannels">Bands of the mel.</param>
/// <param name="Blocks">Blocks of squeeze, activation normalisation and continuous flow, n_block.</param>
/// <param name="FirstScale">Samples that the first squeeze joins, scale_init.</param>
/// <param name="Scale">Samples that each block joins, scale.</param>
/// <param name="SplitPeriod">Blocks after which half of the channels leave, split_period.</param>
/// <param name="Layers">Layers of each vector field, n_layer_wvn.</param>
/// <param name="Channels">Channels of each vector field, n_channel_wvn.</param>
/// <param name="DilationBase">Factor from one dilation to the next in all networks, d_i.</param>
/// <param name="PriorLayers">Layers of the network of a split's prior.</param>
/// <param name="PriorChannels">Its channels.</param>
public sealed record WaveNodeConfig(int MelChannels = 80, int Blocks = 4, int FirstScale = 4, int Scale = 2, int SplitPeriod = 2, int Layers = 4, int Channels = 128, int DilationBase = 3,
    int PriorLayers = 2, int PriorChannels = 256)
{
    internal const int UpsampleKernel = 1024, UpsampleStride = 256;

    /// <summary>Samples that a step of the last block holds.</summary>
    public int Group => FirstScale * (int)Math.Pow(Scale, Blocks);

    /// <summary>Checks that the numbers can be built.</summary>
    /// <exception cref="VocoderException">One of them cannot; the message names it with its value and what was expected.</exception>
    public void Validate()
    {
        ConfigJson.Check(MelChannels is >= 1 and <= 1024, "cin_channel", MelChannels, "1 to 1024");
        ConfigJson.Check(Blocks is >= 1 and <= 16, "n_block", Blocks, "1 to 16");
        ConfigJson.Check(FirstScale is >= 1 and <= 256, "scale_init", FirstScale, "1 to 256");
        ConfigJson.Check(Scale is >= 2 and <= 8 && Math.Pow(Scale, Blocks) * FirstScale <= 4096, "scale", Scale, "2 to 8, at most 4096 samples in all blocks");
        ConfigJson.Check(SplitPeriod >= 1 && (Scale % 2 == 0 || SplitPeriod >= Blocks), "split_period", SplitPeriod, "1 or more, and no split with an odd scale");
        ConfigJson.Check(Layers is >= 1 and <= 12, "n_layer_wvn", Layers, "1 to 12");
        ConfigJson.Check(Channels is >= 1 and <= 1024, "n_channel_wvn", Channels, "1 to 1024");
        ConfigJson.Check(DilationBase is >= 1 and <= 4, "d_i", DilationBase, "1 to 4");
        ConfigJson.Check(PriorLayers is >= 1 and <= 12, "prior_layers", PriorLayers, "1 to 12");
        ConfigJson.Check(PriorChannels is >= 1 and <= 1024, "prior_channels", PriorChannels, "1 to 1024");
    }
}

/// <summary>
/// WaveNODE (Kim et al. 2020, arXiv 2006.04598) with the key names of its published state dictionary: blocks of squeeze, activation normalisation and continuous flow, after some of which half of the
/// channels leave with a prior that the other half tells.
/// </summary>
public sealed class WaveNode
{
    private readonly WaveGlowUpsampler _upsampler;
    private readonly (ScaleNorm Norm, ContinuousFlow Flow, WaveNet? Prior)[] _blocks;

    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="solver">How its equations are solved; published: dopri5 with a tolerance of 1e-5, and of 1e-3 when speaking.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <exception cref="VocoderException">The configuration cannot be built.</exception>
    public WaveNode(WaveNodeConfig config, OdeSolver solver, ulong seed = 0)
    {
        config.Validate();
        (Config, Parameters) = (config, new ParameterSet(seed));
        _blocks = new (ScaleNorm, ContinuousFlow, WaveNet?)[config.Blocks];
        var field = new WaveNetConfig(config.Layers, config.Channels, 3, Causal: false, DilationBase: config.DilationBase);
        int channels = config.FirstScale, conditions = config.MelChannels * config.FirstScale, number = 0;
        for (int i = 0; i < config.Blocks; i++)
        {
            (channels, conditions) = (channels * config.Scale, conditions * config.Scale);
            // The first of a block's parts is its squeeze, which has no weights; a split counts as a block of its own.
            ParameterSet chain = Parameters.Scope($"blocks.{number++}.chains");
            _blocks[i] = (new ScaleNorm(chain.Scope("1.actnorm"), channels),
                new ContinuousFlow(chain.Scope("2.odefunc.diffeq.layer"), field, channels, conditions, solver, seed + (ulong)i), null);
            if ((i + 1) % config.SplitPeriod != 0 || i == config.Blocks - 1) continue;
            _blocks[i].Prior = new WaveNet(Parameters.Scope($"blocks.{number++}.prior"), new WaveNetConfig(config.PriorLayers, config.PriorChannels, 3, Causal: false, DilationBase: config.DilationBase), channels / 2, channels, conditions / 2);
            (channels, conditions) = (channels / 2, conditions / 2);
        }
        _upsampler = new WaveGlowUpsampler(Parameters.Scope("upsample"), config.MelChannels, WaveNodeConfig.UpsampleKernel, WaveNodeConfig.UpsampleStride);
    }

    /// <summary>What the model is made of.</summary>
    public WaveNodeConfig Config { get; }

    /// <summary>All trained values, under the names of the published state dictionary.</summary>
    public ParameterSet Parameters { get; }

    /// <summary>The continuous flows, from the first block to the last.</summary>
    public IReadOnlyList<ContinuousFlow> Flows => [.. _blocks.Select(block => block.Flow)];

    /// <summary>Normalises audio [b, 1, n], n a multiple of <see cref="WaveNodeConfig.Group"/>, under a mel [b, bands, f] that reaches as far.</summary>
    /// <exception cref="VocoderException">The audio is no such multiple, or the mel has other bands or is too short.</exception>
    public MultiScaleResult Forward(Ops ops, Tensor audio, Tensor mel) => Forward(ops, audio, mel, null);

    /// <summary>The same with given signs for the estimate of each block's trace, [b, c, t] each; the flows' own way where there are none.</summary>
    internal MultiScaleResult Forward(Ops ops, Tensor audio, Tensor mel, IReadOnlyList<Tensor>? signs)
    {
        Tensor x = ops.Fold(audio, Config.FirstScale), c = Condition(ops, mel, audio.Length);
        var latents = new List<Tensor>();
        var logDets = new List<(string, Tensor)>();
        for (int i = 0; i < _blocks.Length; i++)
        {
            (x, c) = (ops.Fold(x, Config.Scale), ops.Fold(c, Config.Scale));
            x = _blocks[i].Norm.Forward(ops, x, c, out Tensor logDet);
            logDets.Add(($"norm {i}", logDet));
            if (signs == null) x = _blocks[i].Flow.Forward(ops, x, c, out logDet);
            else
            {
                (x, Tensor perItem) = _blocks[i].Flow.Forward(ops, x, c, signs[i]);
                logDet = ops.Sum(perItem);
            }
            logDets.Add(($"flow {i}", logDet));
            if (_blocks[i].Prior is not { } prior) continue;
            Tensor kept = ops.Slice(x, 0, x.Channels / 2);
            c = ops.Slice(c, 0, c.Channels / 2);
            var (mean, logScale) = Prior(ops, prior, kept, c);
            latents.Add(ops.AffineInverse(ops.Slice(x, kept.Channels, kept.Channels), logScale, mean));
            logDets.Add(($"prior {i}", ops.Scale(ops.Sum(logScale), -1f)));
            x = kept;
        }
        latents.Add(x);
        return new MultiScaleResult(latents, logDets);
    }

    /// <summary>Generates audio [b, 1, n] from a mel and latent parts in the order in which <see cref="Forward(Ops, Tensor, Tensor)"/> gives them.</summary>
    /// <exception cref="VocoderException">As for <see cref="Forward(Ops, Tensor, Tensor)"/>.</exception>
    public Tensor Generate(Ops ops, Tensor mel, IReadOnlyList<Tensor> latents)
    {
        int part = latents.Count - 1, samples = latents.Sum(z => z.Channels * z.Length);
        var conditions = new Tensor[_blocks.Length];
        Tensor c = Condition(ops, mel, samples);
        for (int i = 0; i < _blocks.Length; i++)
        {
            conditions[i] = ops.Fold(c, Config.Scale);
            c = _blocks[i].Prior == null ? conditions[i] : ops.Slice(conditions[i], 0, conditions[i].Channels / 2);
        }
        Tensor x = latents[part];
        for (int i = _blocks.Length - 1; i >= 0; i--)
        {
            if (_blocks[i].Prior is { } prior)
            {
                var (mean, logScale) = Prior(ops, prior, x, ops.Slice(conditions[i], 0, conditions[i].Channels / 2));
                x = ops.Concat(x, ops.Affine(latents[--part], logScale, mean));
            }
            x = _blocks[i].Norm.Inverse(ops, _blocks[i].Flow.Inverse(ops, x, conditions[i]), conditions[i]);
            x = ops.Unfold(x, Config.Scale);
        }
        return ops.Unfold(x, Config.FirstScale);
    }

    private static (Tensor Mean, Tensor LogScale) Prior(Ops ops, WaveNet prior, Tensor kept, Tensor condition)
    {
        Tensor output = prior.Apply(ops, kept, condition);
        return (ops.Slice(output, 0, kept.Channels), ops.Slice(output, kept.Channels, kept.Channels));
    }

    private Tensor Condition(Ops ops, Tensor mel, int samples)
    {
        if (mel.Channels != Config.MelChannels) throw new VocoderException($"mel: found {mel.Channels} bands, expected {Config.MelChannels}");
        if (samples == 0 || samples % Config.Group != 0) throw new VocoderException($"found {samples} samples, expected a multiple of {Config.Group}");
        if (_upsampler.Reach(mel.Length) < samples) throw new VocoderException($"mel: {mel.Length} frames reach {_upsampler.Reach(mel.Length)} samples, expected at least {samples}");
        return ops.Fold(_upsampler.Apply(ops, mel, samples), Config.FirstScale);
    }
}
