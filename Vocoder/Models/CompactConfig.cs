using FlowVocoder.Features;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

/// <summary>Configuration of a <see cref="CompactVocoder"/>; every part can be changed with <c>with</c> or in a configuration file.</summary>
public sealed record CompactConfig
{
    /// <summary>
    /// What moves the samples in each flow: affine couplings, or an autoregressive flow that is fast at scoring (maf, a teacher) or at generating
    /// (iaf, a student), or a continuous flow, which learns by flow matching. The default value is coupling.
    /// </summary>
    public FlowKind Flow { get; init; } = FlowKind.Coupling;

    /// <summary>
    /// Samples that the flow moves as one step, a divisor of the hop: 2 to 256 with couplings, 1 to 256 with other flows. The default value is 32.
    /// </summary>
    public int Group { get; init; } = 32;

    /// <summary>Steps of ActNorm, invertible convolution and coupling. The default value is 6.</summary>
    public int Flows { get; init; } = 6;

    /// <summary>Layers of each WaveNet. The default value is 4.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Channels of each WaveNet. The default value is 96.</summary>
    public int Channels { get; init; } = 96;

    /// <summary>Taps of the dilated convolutions. The default value is 3.</summary>
    public int Kernel { get; init; } = 3;

    /// <summary>Layers after which dilations start again at 1; 0 means never. The default value is 0.</summary>
    public int Cycle { get; init; }

    /// <summary>Before every so many flows some channels leave early; 0 keeps all. The default value is 2.</summary>
    public int EarlyEvery { get; init; } = 2;

    /// <summary>Channels that leave early. The default value is 4.</summary>
    public int EarlySize { get; init; } = 4;

    /// <summary>Bound of a coupling's log-scale. The default value is 4.</summary>
    public float LogScaleClamp { get; init; } = 4f;

    /// <summary>How a continuous flow is solved when it speaks, by name in equal steps (see <see cref="OdeMethod"/>). The default value is euler.</summary>
    public string Solver { get; init; } = "euler";

    /// <summary>Steps of the solver. The default value is 2.</summary>
    public int SolverSteps { get; init; } = 2;

    /// <summary>Mel frames of look-ahead, 1 or more. The default value is 2.</summary>
    public int LookAhead { get; init; } = 2;

    /// <summary>Channels of the mel encoder. The default value is 128.</summary>
    public int EncoderChannels { get; init; } = 128;

    /// <summary>Channels of the condition. The default value is 96.</summary>
    public int ConditionChannels { get; init; } = 96;

    /// <summary>Order of the linear prediction from the mel, the outermost flow; 0 switches it off. The default value is 24.</summary>
    public int LinearPrediction { get; init; } = 24;

    /// <summary>Hz by which linear prediction smooths the spectrum of the mel, see <see cref="MelLinearPredictor"/>. The default value is 0.</summary>
    public float LagWindow { get; init; }

    /// <summary>Multiples of the fundamental whose phase conditions the flow; none switches the phase off. The default value is 1, 2, 3, 4, 6, 8.</summary>
    public int[] Harmonics { get; init; } = [1, 2, 3, 4, 6, 8];

    /// <summary>Positions in a group at which the phase is given. The default value is 4.</summary>
    public int PhasePositions { get; init; } = 4;

    /// <summary>
    /// Upper edges in Hz of the bands whose harmonics of the fundamental are mixed into the excitation, see <see cref="HarmonicShift"/>, ascending; none
    /// switches them off. The default value is none.
    /// </summary>
    public float[] HarmonicBands { get; init; } = [];

    /// <summary>Channels of the pitch predictor. The default value is 128.</summary>
    public int PitchChannels { get; init; } = 128;

    /// <summary>Added to a mel value before <see cref="MelFactor"/>; both bring mels near zero mean and unit variance. The default value is 5.5.</summary>
    public float MelOffset { get; init; } = 5.5f;

    /// <summary>Factor after <see cref="MelOffset"/>. The default value is 0.5.</summary>
    [System.Text.Json.Serialization.JsonPropertyName("mel_scale")]
    public float MelFactor { get; init; } = 0.5f;

    [System.Text.Json.Serialization.JsonIgnore]
    internal OdeSolver OdeSolver => new(OdeMethod.ByName(Solver), SolverSteps);

    /// <summary>The configuration as JSON with snake_case names.</summary>
    public string ToJson() => JsonConfig.Write(this, JsonConfigContext.Default.CompactConfig);

    /// <summary>Reads what <see cref="ToJson"/> wrote; members that are absent keep their default value.</summary>
    /// <exception cref="VocoderException">Not JSON, an unknown member, or a value of the wrong kind; <paramref name="source"/> is named.</exception>
    public static CompactConfig FromJson(string json, string source) =>
        JsonConfig.Read(json, source, "the model configuration", JsonConfigContext.Default.CompactConfig);

    /// <summary>Checks that the numbers can be built, for mels of <paramref name="recipe"/>.</summary>
    /// <exception cref="VocoderException">One of them cannot; the message names it with its value and what was expected.</exception>
    public void Validate(MelRecipe recipe)
    {
        recipe.ValidateForVoice();
        int smallest = Flow == FlowKind.Coupling ? 2 : 1;
        JsonConfig.Check(Group >= smallest && Group <= 256 && recipe.HopSize % Group == 0, "group", Group,
            $"a divisor of the hop {recipe.HopSize} between {smallest} and 256");
        JsonConfig.Check(Flows is >= 1 and <= 64, "flows", Flows, "1 to 64");
        if (Flow == FlowKind.Continuous)
        {
            JsonConfig.Check(Flows == 1, "flows", Flows, "1 with a continuous flow, whose steps are those of its solver");
            JsonConfig.Check(EarlyEvery == 0, "early_every", EarlyEvery, "0 with a continuous flow, which is one");
        }
        OdeSolver.Validate();
        JsonConfig.Check(SolverSteps <= 64, "solver_steps", SolverSteps, "1 to 64");
        JsonConfig.Check(Layers is >= 1 and <= 64, "layers", Layers, "1 to 64");
        JsonConfig.Check(Cycle is >= 0 and <= 16 && (Cycle > 0 || Layers <= 16), "cycle", Cycle, "1 to 16, or 0 with at most 16 layers");
        JsonConfig.Check(Channels is >= 1 and <= 1024, "channels", Channels, "1 to 1024");
        JsonConfig.Check(Kernel is >= 1 and <= 15, "kernel", Kernel, "1 to 15");
        JsonConfig.Check(EarlyEvery >= 0, "early_every", EarlyEvery, "0 or more");
        JsonConfig.Check(EarlySize >= 0 && EarlySize % 2 == 0 && (EarlyEvery == 0 || EarlySize > 0), "early_size", EarlySize,
            "an even number, above 0 when early_every is");
        JsonConfig.Check(LogScaleClamp is >= 0 and <= 20, "log_scale_clamp", LogScaleClamp, "0 to 20");
        JsonConfig.Check(LookAhead is >= 1 and <= 16, "look_ahead", LookAhead, "1 to 16 frames");
        JsonConfig.Check(Harmonics.Length == 0 || LookAhead >= 2, "look_ahead", LookAhead, "2 or more with a phase condition");
        JsonConfig.Check(EncoderChannels is >= 1 and <= 1024, "encoder_channels", EncoderChannels, "1 to 1024");
        JsonConfig.Check(ConditionChannels is >= 1 and <= 1024, "condition_channels", ConditionChannels, "1 to 1024");
        JsonConfig.Check(LinearPrediction is >= 0 and <= 64, "linear_prediction", LinearPrediction, "0 to 64");
        JsonConfig.Check(LinearPrediction == 0 || recipe.HopSize % 4 == 0, "linear_prediction", LinearPrediction,
            $"0 with a hop of {recipe.HopSize}, which is no multiple of 4");
        JsonConfig.Check(LagWindow is >= 0 and <= 1000, "lag_window", LagWindow, "0 to 1000 Hz");
        bool bandsRise = HarmonicBands.Zip(HarmonicBands.Prepend(0), (edge, below) => edge > below && edge <= recipe.SampleRate / 2f).All(rises => rises);
        JsonConfig.Check(HarmonicBands.Length <= 64 && bandsRise, "harmonic_bands", string.Join(",", HarmonicBands),
            $"at most 64 ascending edges up to {recipe.SampleRate / 2} Hz");
        JsonConfig.Check(HarmonicBands.Length == 0 || Harmonics.Length > 0, "harmonic_bands", string.Join(",", HarmonicBands),
            "none without harmonics, which switch the phase on");
        JsonConfig.Check(Harmonics.All(h => h is >= 1 and <= 100), "harmonics", string.Join(",", Harmonics), "numbers of 1 to 100");
        JsonConfig.Check(PhasePositions >= 1 && Group % PhasePositions == 0, "phase_positions", PhasePositions, $"a divisor of the group {Group}");
        JsonConfig.Check(PitchChannels is >= 1 and <= 1024, "pitch_channels", PitchChannels, "1 to 1024");
        JsonConfig.Check(float.IsFinite(MelOffset), "mel_offset", MelOffset, "a finite number");
        JsonConfig.Check(float.IsFinite(MelFactor) && MelFactor != 0, "mel_scale", MelFactor, "a finite number other than 0");
    }
}
