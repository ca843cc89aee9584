using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

/// <summary>
/// WaveNODE (Kim et al. 2020, arXiv 2006.04598) with the key names of its published state dictionary: blocks of squeeze, activation normalisation and
/// continuous flow, after some of which half of the channels leave with a prior that the other half tells.
/// </summary>
public sealed class WaveNode : MultiScaleVocoder
{
    private const int FramesOfKernel = 4, Estimates = 4;
    private readonly WaveGlowUpsampler _upsampler;
    private readonly (ScaleNorm Norm, ContinuousFlow Flow, WaveNet? Prior)[] _blocks;

    /// <summary>Creates a model with random weights.</summary>
    /// <param name="config">What it is made of.</param>
    /// <param name="seed">Seed of the weights.</param>
    /// <param name="recipe">Recipe of its mels; 'flowavenet', which WaveNODE shares, with the bands of the configuration when null.</param>
    /// <exception cref="VocoderException">The configuration cannot be built.</exception>
    public WaveNode(WaveNodeConfig config, ulong seed = 0, MelRecipe? recipe = null) : this(config, new ParameterSet(seed), recipe) { }

    /// <summary>The same with an empty set for the weights, which may be limited.</summary>
    internal WaveNode(WaveNodeConfig config, ParameterSet parameters, MelRecipe? recipe)
        : base(parameters, recipe ?? MelRecipe.ByName("flowavenet") with { Bands = config.MelChannels })
    {
        Config = config;
        config.Validate();
        RequireRecipe(config.MelChannels);
        OdeSolver solver = config.OdeSolver;
        _blocks = new (ScaleNorm, ContinuousFlow, WaveNet?)[config.Blocks];
        var field = new WaveNetConfig(config.Layers, config.Channels, 3, Causal: false, DilationBase: config.DilationBase);
        int channels = config.FirstScale, conditions = config.MelChannels * config.FirstScale, number = 0;
        for (int i = 0; i < config.Blocks; i++)
        {
            (channels, conditions) = (channels * config.Scale, conditions * config.Scale);
            // The first of a block's parts is its squeeze, which has no weights; a split counts as a block of its own.
            ParameterSet chain = Parameters.Scope($"blocks.{number++}.chains");
            _blocks[i] = (new ScaleNorm(chain.Scope("1.actnorm"), channels),
                new ContinuousFlow(chain.Scope("2.odefunc.diffeq.layer"), field, channels, conditions, solver, (ulong)i), null);
            if ((i + 1) % config.SplitPeriod != 0 || i == config.Blocks - 1) continue;
            _blocks[i].Prior = new WaveNet(Parameters.Scope($"blocks.{number++}.prior"), new WaveNetConfig(config.PriorLayers, config.PriorChannels, 3,
                Causal: false, DilationBase: config.DilationBase), channels / 2, channels, conditions / 2);
            (channels, conditions) = (channels / 2, conditions / 2);
        }
        _upsampler = new WaveGlowUpsampler(Parameters.Scope("upsample"), config.MelChannels, FramesOfKernel * Recipe.HopSize, Recipe.HopSize);
    }

    /// <summary>What the model is made of.</summary>
    public WaveNodeConfig Config { get; }

    /// <summary>The kind of model in a voice file.</summary>
    public const string KindName = "wavenode";

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public override int Group => Config.Group;

    /// <inheritdoc/>
    private protected override IReadOnlyList<(int Channels, int Step)> Parts
    {
        get
        {
            var parts = new List<(int, int)>();
            int channels = Config.FirstScale;
            foreach (var (i, block) in _blocks.Index())
            {
                channels *= Config.Scale;
                if (block.Prior == null) continue;
                channels /= 2;
                parts.Add((channels, StepOf(i)));
            }
            return [.. parts, (channels, Group)];
        }
    }

    /// <inheritdoc/>
    /// <remarks>Of equal steps of the solver; what a tolerance asks for has no bound.</remarks>
    private protected override int Reach => _blocks.Select((block, i) => (block.Flow.Past + (block.Prior?.Past ?? 0)) * StepOf(i)).Sum();

    /// <inheritdoc/>
    private protected override (int Before, int After) MelReach => (_upsampler.PastFrames, 0);

    /// <inheritdoc/>
    public override double MacsPerSecond => Recipe.SampleRate *
        (_blocks.Select((block, i) => (block.Flow.MacsPerStep + (double)(block.Prior?.MacsPerStep ?? 0)) / StepOf(i)).Sum()
            + (double)_upsampler.MacsPerFrame / Recipe.HopSize);

    // Samples of a step of a block.
    private int StepOf(int block) => Config.FirstScale * (int)Math.Pow(Config.Scale, block + 1);

    /// <summary>The continuous flows, from the first block to the last.</summary>
    public IReadOnlyList<ContinuousFlow> Flows => [.. _blocks.Select(block => block.Flow)];

    /// <inheritdoc/>
    public override MultiScaleResult Forward(Ops ops, Tensor audio, Tensor mel) => Forward(ops, audio, mel, null, null);

    /// <inheritdoc/>
    public override void Initialize(Ops ops, Tensor audio, Tensor mel) => Forward(ops, audio, mel, null, (norm, x) => norm.Initialize(ops, x));

    /// <summary>Normalises with given signs for the estimate of each block's trace, [b, c, t] each; the flows' own way where there are none.</summary>
    internal MultiScaleResult Forward(Ops ops, Tensor audio, Tensor mel, IReadOnlyList<Tensor>? signs, Action<ScaleNorm, Tensor>? visit = null)
    {
        Tensor x = ops.Fold(audio, Config.FirstScale), c = Condition(ops, mel, audio.Length);
        var latents = new List<Tensor>();
        var logDets = new List<(string, Tensor)>();
        for (int i = 0; i < _blocks.Length; i++)
        {
            (x, c) = (ops.Fold(x, Config.Scale), ops.Fold(c, Config.Scale));
            visit?.Invoke(_blocks[i].Norm, x);
            x = _blocks[i].Norm.Forward(ops, x, c, out Tensor logDet);
            logDets.Add(($"actnorm.{i}", logDet));
            if (signs == null) x = _blocks[i].Flow.Forward(ops, x, c, out logDet);
            else
            {
                (x, Tensor perItem) = _blocks[i].Flow.Forward(ops, x, c, signs[i]);
                logDet = ops.Sum(perItem);
            }
            logDets.Add(($"ode.{i}", logDet));
            if (_blocks[i].Prior is not { } prior) continue;
            Tensor kept = ops.Slice(x, 0, x.Channels / 2);
            c = ops.Slice(c, 0, c.Channels / 2);
            var (mean, logScale) = Prior(ops, prior, kept, c);
            latents.Add(ops.AffineInverse(ops.Slice(x, kept.Channels, kept.Channels), logScale, mean));
            logDets.Add(($"prior.{i}", ops.Scale(ops.Sum(logScale), -1f)));
            x = kept;
        }
        latents.Add(x);
        return new MultiScaleResult(latents, logDets);
    }

    /// <inheritdoc/>
    public override Tensor Generate(Ops ops, Tensor mel, Tensor noise)
    {
        var parts = new List<Tensor>();
        Tensor z = ops.Fold(noise, Config.FirstScale);
        foreach (var (_, _, prior) in _blocks)
        {
            z = ops.Fold(z, Config.Scale);
            if (prior == null) continue;
            parts.Add(ops.Slice(z, z.Channels / 2, z.Channels / 2));
            z = ops.Slice(z, 0, z.Channels / 2);
        }
        return Generate(ops, mel, [.. parts, z]);
    }

    /// <inheritdoc/>
    public override Tensor Generate(Ops ops, Tensor mel, IReadOnlyList<Tensor> latents)
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
        Require(mel, samples, _upsampler.Reach(mel.Length));
        return ops.Fold(_upsampler.Apply(ops, mel, samples), Config.FirstScale);
    }

    /// <inheritdoc/>
    /// <remarks>The mean of several estimates of the trace, with its standard error; of the exact trace where all flows have it.</remarks>
    private protected override Likelihood Score(Ops ops, Tensor audio, Tensor mel)
    {
        if (Flows.All(flow => flow.Exact)) return base.Score(ops, audio, mel);
        return Likelihood.Mean([.. Enumerable.Range(0, Estimates).Select(_ => base.Score(ops, audio, mel))]);
    }
}
