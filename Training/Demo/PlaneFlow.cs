using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Flows;

namespace FlowVocoder.Training.Demo;

/// <summary>A flow of the textbooks, sized for a density of the plane.</summary>
/// <param name="Name">As typed.</param>
/// <param name="Summary">What it is made of, in a line.</param>
/// <param name="Create">Builds it.</param>
/// <param name="Steps">Training steps when nothing else is asked for.</param>
/// <param name="Batch">Points a step.</param>
/// <param name="Sequences">Whether a point is a sequence of two steps, [points, 1, 2]; otherwise points lie along time, [1, 2, points].</param>
/// <param name="Matches">Whether it is trained by flow matching, in place of likelihood; then it is one <see cref="ContinuousFlow"/>.</param>
public sealed record PlaneFlow(string Name, string Summary, Func<ParameterSet, FlowChain> Create, int Steps = 1000, int Batch = 512, bool Sequences = false,
    bool Matches = false)
{
    private const int Channels = 2, Bins = 8;
    private const float Bound = 4f, LogScaleClamp = 3f;

    // 1×1 convolutions at each step of time: an MLP for each point.
    private static readonly WaveNetConfig s_network = new(Layers: 1, Channels: 16, Kernel: 1);

    private static readonly WaveNetConfig s_field = new(Layers: 3, Channels: 48, Kernel: 1);

    /// <summary>All flows, simplest first.</summary>
    public static IReadOnlyList<PlaneFlow> All { get; } =
    [
        new("linear", "one linear flow by LU decomposition", parameters => new FlowChain(Linear(parameters)), Steps: 500),
        new("leaky-relu", "leaky ReLUs between linear flows", parameters =>
            Repeat(parameters, 16, (scope, k) => [.. Linear(scope), new LeakyReluFlow(scope, Channels) { Exact = false }])),
        new("piecewise-linear", "elementwise straight lines between linear flows", parameters =>
            Repeat(parameters, 8, (scope, k) => [.. Linear(scope), new PiecewiseLinearFlow(scope, Channels, Bins, Bound) { Exact = false }])),
        new("spline", "elementwise splines between linear flows", parameters =>
            Repeat(parameters, 8, (scope, k) => [.. Linear(scope), new ElementwiseSpline(scope, Channels, Bins, Bound)])),
        new("revnet", "pairs of additive residuals, as in reversible networks, between linear flows", parameters =>
            Repeat(parameters, 8, (scope, k) => [.. Linear(scope), new ResidualPair(scope, Channels, hidden: 24)])),
        new("realnvp", "affine couplings with alternating masks", parameters =>
            Repeat(parameters, 8, (scope, k) => [new AffineCoupling(scope, s_network, Channels, 0, LogScaleClamp), new ChannelSwap()])),
        new("glow", "steps of actnorm, invertible 1x1 convolution and affine coupling", parameters => new FlowChain(
            [new FlowStack(parameters, new FlowStackConfig(Channels, 8, 0, 0, s_network, 0, ActNorm: true, Lu: true, LogScaleClamp))])),
        new("spline-coupling", "couplings through splines", parameters =>
            Repeat(parameters, 4, (scope, k) => [new SplineCoupling(scope, s_network, Channels, 0, Bins, Bound), new ChannelSwap()])),
        new("maf", "masked autoregressive flows", parameters => Autoregressive(parameters, FlowKind.Maf), Batch: 256, Sequences: true),
        new("iaf", "inverse autoregressive flows", parameters => Autoregressive(parameters, FlowKind.Iaf), Steps: 1500, Batch: 256, Sequences: true),
        new("residual", "contractive residual blocks", parameters => Repeat(parameters, 12, (scope, k) =>
        [
            new ActNorm(scope, Channels), new ResidualFlow(scope, new ResidualConfig(Channels, Hidden: 24, Terms: 4, Roulette: 0.5f, Seed: (ulong)k)),
        ]), Steps: 600),
        new("continuous", "a differential equation, trained by flow matching", parameters =>
            new FlowChain([new ContinuousFlow(parameters, s_field, Channels, 0, new OdeSolver(OdeMethod.Rk4, 32))]), Steps: 1500, Batch: 1024, Matches: true),
    ];

    /// <summary>The flow of a name.</summary>
    /// <exception cref="VocoderException">There is none of that name.</exception>
    public static PlaneFlow ByName(string name) => All.FirstOrDefault(flow => flow.Name == name)
        ?? throw new VocoderException($"there is no flow '{name}', expected one of {string.Join(", ", All.Select(flow => flow.Name))}");

    private static Flow[] Linear(ParameterSet parameters) => [new ActNorm(parameters, Channels), new InvertibleConvolution(parameters, Channels, lu: true)];

    // In a sequence of two steps one coordinate depends on the other; between the flows the two change places.
    private static FlowChain Autoregressive(ParameterSet parameters, FlowKind kind) => Repeat(parameters, 8, (scope, k) =>
        [new AutoregressiveFlow(scope, s_network, kind, 1, 0, LogScaleClamp), new SqueezedFlow(new ChannelSwap(), 2)]);

    private static FlowChain Repeat(ParameterSet parameters, int count, Func<ParameterSet, int, Flow[]> layers) =>
        new([.. Enumerable.Range(0, count).SelectMany(k => layers(parameters.Scope($"flows.{k}"), k))]);
}
