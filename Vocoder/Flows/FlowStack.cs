using FlowVocoder.Compute;
using FlowVocoder.Conditioners;

namespace FlowVocoder.Flows;

/// <summary>What a <see cref="FlowStack"/> is made of.</summary>
/// <param name="Channels">Channels that enter: the group.</param>
/// <param name="Flows">Number of steps, each one invertible convolution and one coupling or autoregressive flow.</param>
/// <param name="EarlyEvery">Before every so many steps some channels leave early; 0 keeps all to the end.</param>
/// <param name="EarlySize">How many channels leave, even.</param>
/// <param name="WaveNet">Conditioner of each step.</param>
/// <param name="ConditionChannels">Channels of the condition.</param>
/// <param name="ActNorm">Whether each step starts with an activation normalisation.</param>
/// <param name="Lu">Whether 1×1 convolutions are trained through their LU decomposition.</param>
/// <param name="LogScaleClamp">Bound of the log-scale; 0 means free.</param>
/// <param name="Kind">What transforms the samples in each step.</param>
/// <param name="Harmonics">Signals of a <see cref="HarmonicShift"/> next to the samples; 0 for none.</param>
/// <param name="Solver">How continuous flows are solved when they speak.</param>
public sealed record FlowStackConfig(int Channels, int Flows, int EarlyEvery, int EarlySize, WaveNetConfig WaveNet, int ConditionChannels,
    bool ActNorm, bool Lu, float LogScaleClamp, FlowKind Kind = FlowKind.Coupling, int Harmonics = 0, OdeSolver? Solver = null);

/// <summary>What normalising gives: the latent parts in the order in which they leave, and the log-determinant of each layer, [1,1,1].</summary>
public sealed record FlowResult(IReadOnlyList<Tensor> Latents, IReadOnlyList<(string Flow, Tensor LogDet)> LogDets);

/// <summary>
/// The flow of WaveGlow (Prenger et al. 2018, sec. 2) and of the compact voices: steps of [ActNorm,] invertible 1×1 convolution and affine coupling
/// or, in teachers and students, autoregressive flow, with multi-scale early outputs (Dinh et al. 2017, sec. 3.6). Works on grouped samples [batch, group,
/// time]. As one layer among others its latent parts are the channels of z, in the order in which they leave.
/// </summary>
public sealed class FlowStack : Flow, IReversible
{
    private readonly FlowStackConfig _config;
    private readonly HarmonicShift? _harmonics;
    private readonly List<(string Name, Flow Flow)>[] _steps;

    /// <summary>Creates the layers with the key names of the published implementation: convinv.k.conv, WN.k, and actnorm.k.</summary>
    /// <exception cref="VocoderException">Early outputs leave no channels, or an odd number of them, to couple.</exception>
    public FlowStack(ParameterSet parameters, FlowStackConfig config)
    {
        _config = config;
        _steps = new List<(string, Flow)>[config.Flows];
        int channels = config.Channels;
        if (config.Harmonics > 0) _harmonics = new HarmonicShift(parameters.Scope("harmonics"), config.Harmonics, channels, config.ConditionChannels);
        for (int k = 0; k < config.Flows; k++)
        {
            if (LeavesBefore(k)) channels -= config.EarlySize;
            if (config.Kind == FlowKind.Coupling ? channels < 2 || channels % 2 != 0 : channels < 1)
                throw new VocoderException($"configuration: flow {k} would have {channels} channels, expected "
                    + $"{(config.Kind == FlowKind.Coupling ? "an even number of at least 2" : "at least 1")} (group {config.Channels}, {config.EarlySize} "
                    + $"leave every {config.EarlyEvery} flows)");
            _steps[k] = [];
            // Matching would learn that nothing is found easily: what a continuous flow moves keeps its scale.
            if (config.ActNorm)
                _steps[k].Add(($"actnorm.{k}", new ActNorm(parameters.Scope($"actnorm.{k}"), channels, trained: config.Kind != FlowKind.Continuous)));
            // With one channel there is nothing to mix, and what a continuous flow moves is mixed by its network.
            if (channels > 1 && config.Kind != FlowKind.Continuous)
                _steps[k].Add(($"convinv.{k}", new InvertibleConvolution(parameters.Scope($"convinv.{k}.conv"), channels, config.Lu)));
            ParameterSet scope = parameters.Scope($"WN.{k}");
            _steps[k].Add(($"WN.{k}", config.Kind switch
            {
                FlowKind.Coupling => new AffineCoupling(scope, config.WaveNet, channels, config.ConditionChannels, config.LogScaleClamp),
                FlowKind.Continuous =>
                    new ContinuousFlow(scope, config.WaveNet, channels, config.ConditionChannels, config.Solver!, (ulong)k, isPreconditioned: true),
                _ => new AutoregressiveFlow(scope, config.WaveNet, config.Kind, channels, config.ConditionChannels, config.LogScaleClamp),
            }));
        }
        FinalChannels = channels;
        LatentChannels = [.. Enumerable.Range(0, _steps.Length).Where(LeavesBefore).Select(_ => config.EarlySize), channels];
    }

    /// <summary>Channels of the last latent part.</summary>
    public int FinalChannels { get; }

    /// <summary>Channels of each latent part in the order in which they leave; the last is what remains.</summary>
    public IReadOnlyList<int> LatentChannels { get; }

    /// <inheritdoc/>
    public override long MacsPerStep => Layers.Sum(flow => flow.MacsPerStep) + (_harmonics?.MacsPerStep ?? 0);

    /// <inheritdoc/>
    public override int Past => Layers.Sum(flow => flow.Past);

    /// <inheritdoc/>
    public override int Future => Layers.Sum(flow => flow.Future);

    /// <inheritdoc/>
    public override bool GeneratesStepByStep => Layers.Any(flow => flow.GeneratesStepByStep);

    /// <inheritdoc/>
    public override bool ScoresStepByStep => Layers.Any(flow => flow.ScoresStepByStep);

    private IEnumerable<Flow> Layers => _steps.SelectMany(step => step.Select(layer => layer.Flow));

    private bool LeavesBefore(int k) => _config.EarlyEvery > 0 && k > 0 && k % _config.EarlyEvery == 0;

    /// <summary>The flow next to the noise, when it is a <see cref="ContinuousFlow"/>.</summary>
    internal ContinuousFlow? Continuous => _steps[^1][^1].Flow as ContinuousFlow;

    /// <summary>What <see cref="Continuous"/> moves of x [b, group, t]: x through the layers before it.</summary>
    internal Tensor BeforeContinuous(Ops ops, Tensor x, FlowCondition condition)
    {
        if (_harmonics != null) x = _harmonics.Forward(ops, x, condition);
        foreach (Flow flow in Layers.SkipLast(1)) x = flow.Forward(ops, x, condition.Features, out _);
        return x;
    }

    /// <summary>The layer next to the samples, when it is an <see cref="ActNorm"/>.</summary>
    internal ActNorm? Outermost => _steps[0][0].Flow as ActNorm;

    /// <summary>The first 1×1 convolution whose constants are not what they stand for, and why; null where all are.</summary>
    internal (string Name, string Fault)? FindFault() => _steps.SelectMany(step => step)
        .Select(layer => (layer.Name, (layer.Flow as InvertibleConvolution)?.ConstantFault()))
        .Where(found => found.Item2 != null).Select(found => ((string, string)?)(found.Name, found.Item2!)).FirstOrDefault();

    /// <summary>Name of the first 1×1 convolution that has no inverse; null where all have one.</summary>
    internal string? FindSingular(Ops ops) => _steps.SelectMany(step => step)
        .Where(layer => layer.Flow is InvertibleConvolution convolution && !convolution.HasInverse(ops))
        .Select(layer => layer.Name).FirstOrDefault();

    /// <summary>
    /// Whether gradients of <see cref="Forward(Ops, Tensor, FlowCondition)"/> are computed without storing activations, see <see cref="Ops.Reversible"/>; its
    /// log-determinants are then one entry, "flows". The default value is false.
    /// </summary>
    public bool Reversible { get; set; }

    /// <summary>
    /// The 1×1 convolution that multiplies rounding errors most when it is undone, and by how much: its condition number by the Frobenius norm, over that of a
    /// rotation.
    /// </summary>
    internal (string Name, double Condition) WorstConditioned(Ops ops) => _steps.SelectMany(step => step)
        .Select(layer => (layer.Name, (layer.Flow as InvertibleConvolution)?.Condition(ops) ?? 1)).MaxBy(layer => layer.Item2);

    /// <summary>Normalises x [b, group, t] under condition [b, conditionChannels, t].</summary>
    public FlowResult Forward(Ops ops, Tensor x, FlowCondition condition) => Forward(ops, x, condition, null);

    /// <inheritdoc/>
    public override Tensor Forward(Ops ops, Tensor x, Tensor condition, out Tensor logDet)
    {
        FlowResult result = Forward(ops, x, condition);
        logDet = result.LogDets.Select(layer => layer.LogDet).Aggregate(ops.Add);
        return result.Latents.Aggregate(ops.Concat);
    }

    /// <summary>Sets every <see cref="ActNorm"/> from a first batch, so that each normalises what it receives (Glow, sec. 3.1).</summary>
    public void Initialize(Ops ops, Tensor x, FlowCondition condition) => Forward(ops, x, condition, (norm, input) => norm.Initialize(ops, input));

    private FlowResult Forward(Ops ops, Tensor x, FlowCondition condition, Action<ActNorm, Tensor>? visit)
    {
        var latents = new List<Tensor>();
        var logDets = new List<(string, Tensor)>();
        if (_harmonics != null) x = _harmonics.Forward(ops, x, condition);
        if (Reversible && visit == null)
        {
            Tensor z = ops.Reversible(this, x, condition.Features, out Tensor all);
            return new FlowResult(Parts(ops, z), [("flows", all)]);
        }
        for (int k = 0; k < _steps.Length; k++)
        {
            if (LeavesBefore(k))
            {
                latents.Add(ops.Slice(x, 0, _config.EarlySize));
                x = ops.Slice(x, _config.EarlySize, x.Channels - _config.EarlySize);
            }
            foreach (var (name, flow) in _steps[k])
            {
                if (flow is ActNorm norm) visit?.Invoke(norm, x);
                Tensor logDet;
                x = flow is ContinuousFlow continuous && condition.Draw is { } draw ? continuous.Analyze(ops, x, condition.Features, draw, out logDet)
                    : flow.Forward(ops, x, condition.Features, out logDet);
                logDets.Add((name, logDet));
            }
        }
        latents.Add(x);
        return new FlowResult(latents, logDets);
    }

    int IReversible.Steps => _steps.Length;

    // What has left stays where it is, before the channels that the step works on.
    Tensor IReversible.Forward(Ops ops, int step, Tensor x, Tensor condition, out Tensor logDet)
    {
        int left = LeftBefore(step);
        Tensor active = left == 0 ? x : ops.Slice(x, left, x.Channels - left);
        Tensor? sum = null;
        foreach (var (_, flow) in _steps[step])
        {
            active = flow.Forward(ops, active, condition, out Tensor part);
            sum = sum == null ? part : ops.Add(sum, part);
        }
        logDet = sum!;
        return left == 0 ? active : ops.Concat(ops.Slice(x, 0, left), active);
    }

    Tensor IReversible.Inverse(Ops ops, int step, Tensor z, Tensor condition)
    {
        int left = LeftBefore(step);
        Tensor active = left == 0 ? z : ops.Slice(z, left, z.Channels - left);
        for (int i = _steps[step].Count - 1; i >= 0; i--) active = _steps[step][i].Flow.Inverse(ops, active, condition);
        return left == 0 ? active : ops.Concat(ops.Slice(z, 0, left), active);
    }

    private int LeftBefore(int step) => Enumerable.Range(0, step + 1).Count(LeavesBefore) * _config.EarlySize;

    /// <summary>
    /// Draws the latent parts for <see cref="Inverse"/>, [batch, channels, length] each, from noise indexed by part, channel and absolute time.
    /// </summary>
    /// <param name="ops">Operations.</param>
    /// <param name="batch">Batch items; each has noise of its own.</param>
    /// <param name="length">Grouped steps.</param>
    /// <param name="noise">Source of the noise.</param>
    /// <param name="stream">Stream of the first part; the others follow.</param>
    /// <param name="start">Absolute time of the first grouped step.</param>
    /// <param name="sigma">Standard deviation.</param>
    internal IReadOnlyList<Tensor> DrawLatents(Ops ops, int batch, int length, Philox noise, uint stream, long start, float sigma)
    {
        var latents = new Tensor[LatentChannels.Count];
        DrawLatents(ops, batch, length, noise, stream, start, sigma, latents);
        return latents;
    }

    /// <summary>The same into <paramref name="latents"/>, one place for each of <see cref="LatentChannels"/>, which a stream keeps.</summary>
    internal void DrawLatents(Ops ops, int batch, int length, Philox noise, uint stream, long start, float sigma, Span<Tensor> latents)
    {
        for (int i = 0; i < latents.Length; i++)
        {
            Tensor z = latents[i] = ops.Rent(batch, LatentChannels[i], length);
            noise.Normal(z, stream + (uint)i, start);
            System.Numerics.Tensors.TensorPrimitives.Multiply(z.Span, sigma, z.Span);
        }
    }

    /// <summary>Generates x [b, group, t] from the latent parts, in the order of <see cref="LatentChannels"/>.</summary>
    public Tensor Inverse(Ops ops, IReadOnlyList<Tensor> latents, FlowCondition condition) => Inverse(ops, latents, condition, scored: false, out _);

    /// <summary>The same with log |det dx/dz| as [1,1,1], so that the density of what is generated is known as it is made.</summary>
    public Tensor Inverse(Ops ops, IReadOnlyList<Tensor> latents, FlowCondition condition, out Tensor logDet)
    {
        Tensor x = Inverse(ops, latents, condition, scored: true, out Tensor? sum);
        logDet = sum!;
        return x;
    }

    private Tensor Inverse(Ops ops, IReadOnlyList<Tensor> latents, FlowCondition condition, bool scored, out Tensor? logDet)
    {
        int part = latents.Count - 1;
        Tensor x = latents[part];
        logDet = null;
        for (int k = _steps.Length - 1; k >= 0; k--)
        {
            for (int i = _steps[k].Count - 1; i >= 0; i--)
            {
                Flow flow = _steps[k][i].Flow;
                if (flow is ContinuousFlow continuous && condition.Draw != null) x = continuous.Synthesize(ops, x, condition.Features);
                else if (!scored) x = flow.Inverse(ops, x, condition.Features);
                else
                {
                    x = flow.Inverse(ops, x, condition.Features, out Tensor layer);
                    logDet = logDet == null ? layer : ops.Add(logDet, layer);
                }
            }
            if (LeavesBefore(k)) x = ops.Concat(latents[--part], x);
        }
        return _harmonics == null ? x : _harmonics.Inverse(ops, x, condition);
    }

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition) => Inverse(ops, Parts(ops, z), condition);

    /// <inheritdoc/>
    public override Tensor Inverse(Ops ops, Tensor z, Tensor condition, out Tensor logDet) => Inverse(ops, Parts(ops, z), condition, out logDet);

    /// <summary>The latent parts of z [b, group, t], in the order in which they leave.</summary>
    internal Tensor[] Parts(Ops ops, Tensor z)
    {
        var parts = new Tensor[LatentChannels.Count];
        for (int i = 0, first = 0; i < parts.Length; first += LatentChannels[i++]) parts[i] = ops.Slice(z, first, LatentChannels[i]);
        return parts;
    }

    /// <summary>
    /// A stack of one channel in its parallel direction, u → v, with log |dv/du| of each sample, [b, 1, t]: v_t is u_t scaled and shifted by what comes
    /// from the samples before it, so the distribution of a sample given those is normal and known.
    /// </summary>
    /// <exception cref="InvalidOperationException">A layer mixes channels or is not parallel in this direction.</exception>
    internal Tensor Elementwise(Ops ops, Tensor u, FlowCondition condition, bool generating, out Tensor logScale)
    {
        Tensor? sum = null;
        if (!generating && _harmonics != null) u = _harmonics.Forward(ops, u, condition);
        foreach (Flow flow in generating ? Layers.Reverse() : Layers)
        {
            if (flow is not IElementwiseFlow layer) throw new InvalidOperationException($"{flow.GetType().Name} is not elementwise");
            u = layer.Transform(ops, u, condition.Features, generating, out Tensor scale);
            sum = sum == null ? scale : ops.Add(sum, scale);
        }
        logScale = sum!;
        return generating && _harmonics != null ? _harmonics.Inverse(ops, u, condition) : u;
    }
}
