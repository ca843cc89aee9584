using FlowVocoder.Compute;
using FlowVocoder.Conditioners;
using FlowVocoder.Features;
using FlowVocoder.Flows;
using FlowVocoder.Matching;
using FlowVocoder.Streaming;

namespace FlowVocoder.Models;

/// <summary>
/// The flow for the CPU: WaveGlow's layers at group rate with causal conditioners, told the phase of the fundamental, and with linear prediction
/// from the mel as its outermost flow. From speech to noise:
/// x —linear prediction→ e —fold→ [group] —<see cref="FlowStack"/>→ z, all given the mel and the phase. With autoregressive flows in place of
/// couplings it is a teacher that scores in one pass (MAF; Gaussian autoregressive WaveNet with group 1) or a student that speaks in one (IAF);
/// with a continuous flow it solves a differential equation.
/// </summary>
public sealed partial class CompactVocoder : VocoderModel
{
    private const int BlocksPerHop = 4, WholePasses = 8;
    private readonly MelEncoder _melEncoder;
    private readonly MelLinearPredictor? _predictor;

    /// <summary>Creates the model for mels of a recipe, with random weights drawn from <paramref name="seed"/>.</summary>
    /// <exception cref="VocoderException">The configuration cannot be built.</exception>
    public CompactVocoder(CompactConfig config, MelRecipe recipe, ulong seed = 0) : this(config, recipe, new ParameterSet(seed)) { }

    /// <summary>The same with an empty set for the weights, which may be limited.</summary>
    internal CompactVocoder(CompactConfig config, MelRecipe recipe, ParameterSet parameters)
    {
        config.Validate(recipe);
        (Config, Recipe, Parameters) = (config, recipe, parameters);
        int steps = recipe.HopSize / config.Group;
        _melEncoder = new MelEncoder(Parameters.Scope("mel_encoder"), recipe.Bands, config.EncoderChannels, config.ConditionChannels, steps);
        if (UsesPhase)
        {
            Phase = new PhaseEncoder(Parameters.Scope("phase_encoder"), config, recipe.SampleRate);
            Pitch = new PitchPredictor(Parameters.Scope("pitch"), recipe.Bands, config.PitchChannels);
        }
        Stack = new FlowStack(Parameters, new FlowStackConfig(config.Group, config.Flows, config.EarlyEvery, config.EarlySize,
            new WaveNetConfig(config.Layers, config.Channels, config.Kernel, Cycle: config.Cycle), config.ConditionChannels, ActNorm: true, Lu: true,
            config.LogScaleClamp, config.Flow, Phase?.Signals ?? 0, config.OdeSolver));
        if (config.LinearPrediction == 0) return;
        Filter = new LinearPredictionFilter(config.LinearPrediction, recipe.HopSize / BlocksPerHop);
        _predictor = new MelLinearPredictor(recipe, config.LinearPrediction, BlocksPerHop, config.LagWindow);
    }

    /// <summary>Configuration.</summary>
    public CompactConfig Config { get; }

    /// <summary>The kind of model in a voice file.</summary>
    public const string KindName = "compact";

    /// <inheritdoc/>
    public override string Kind => KindName;

    /// <inheritdoc/>
    public override string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public override MelRecipe Recipe { get; }

    /// <inheritdoc/>
    public override ParameterSet Parameters { get; }

    /// <summary>Whether the phase of the fundamental is a condition.</summary>
    public bool UsesPhase => Config.Harmonics.Length > 0;

    /// <inheritdoc/>
    public override bool GeneratesStepByStep => Stack.GeneratesStepByStep;

    /// <inheritdoc/>
    public override bool ScoresStepByStep => Stack.ScoresStepByStep;

    /// <inheritdoc/>
    public override int LookAheadFrames => Config.LookAhead;

    /// <inheritdoc/>
    public override int PastSamples => (Stack.Past + (Phase?.Past ?? 0)) * Config.Group + _melEncoder.Past * Recipe.HopSize;

    /// <inheritdoc/>
    public override double MacsPerSecond
    {
        get
        {
            double frames = (double)Recipe.SampleRate / Recipe.HopSize, groups = (double)Recipe.SampleRate / Config.Group;
            return frames * (_melEncoder.MacsPerFrame + (Pitch?.MacsPerFrame ?? 0)) + groups * (Stack.MacsPerStep + (Phase?.MacsPerStep ?? 0))
                + (double)Recipe.SampleRate * Config.LinearPrediction;
        }
    }

    /// <inheritdoc/>
    public override int MatchPasses => MelMatching.Refusal(Recipe) == null ? WholePasses : 0;

    /// <summary>The same voice, whose continuous flow is solved another way when it speaks.</summary>
    /// <param name="solver">Name of an <see cref="OdeMethod"/>.</param>
    /// <param name="steps">Its equal steps.</param>
    /// <exception cref="VocoderException">There is no such solver, or the voice has no continuous flow.</exception>
    public CompactVocoder WithSolver(string solver, int steps)
    {
        if (Stack.Continuous == null)
            throw new VocoderException(
                $"there is no equation to solve in a voice whose flow is {Config.Flow.ToString().ToLowerInvariant()}, expected continuous");
        var model = new CompactVocoder(Config with { Solver = solver, SolverSteps = steps }, Recipe);
        model.Parameters.CopyFrom(Parameters);
        return model;
    }

    /// <inheritdoc/>
    private protected override VocoderStream CreateStream(SynthesisOptions options, Parallelism parallelism) => new CompactStream(this, options, parallelism);

    /// <summary>See <see cref="CompactStream.Shapes"/>; found when a state is first restored.</summary>
    internal IReadOnlyDictionary<string, (int Batch, int Channels, int Length)> StateShapes =>
        LazyInitializer.EnsureInitialized(ref _stateShapes, () => CompactStream.Shapes(this));

    private IReadOnlyDictionary<string, (int Batch, int Channels, int Length)>? _stateShapes;

    /// <summary>The flow.</summary>
    internal FlowStack Stack { get; }

    /// <summary>The phase condition, or null when switched off.</summary>
    internal PhaseEncoder? Phase { get; }

    /// <summary>F0 and voicing from the mel, or null when the phase is switched off.</summary>
    internal PitchPredictor? Pitch { get; }

    /// <summary>The outermost flow, or null when switched off.</summary>
    internal LinearPredictionFilter? Filter { get; }

    /// <summary>A predictor for this model's outermost flow, or null when switched off; not thread-safe, one per thread.</summary>
    internal MelLinearPredictor? NewPredictor() => _predictor?.Copy();

    /// <summary>Brings mel values near zero mean and unit variance, as the networks expect them.</summary>
    internal void NormalizeMel(ReadOnlySpan<float> mel, Span<float> normalized)
    {
        for (int i = 0; i < mel.Length; i++) normalized[i] = (mel[i] + Config.MelOffset) * Config.MelFactor;
    }

    /// <summary>
    /// The condition of the flow, for (frames - skip)·hop/group steps, from normalised mels [b, bands, frames] and the phase
    /// of the same groups (null when switched off); skip of the first outputs lie before the signal.
    /// </summary>
    internal FlowCondition? Condition(Ops ops, Tensor mel, int skip, PhaseFeatures? phase)
    {
        Tensor? condition = _melEncoder.Apply(ops, mel, skip);
        if (condition == null) return null;
        return Phase == null ? condition : Phase.Apply(ops, phase!.Value, condition);
    }
}
