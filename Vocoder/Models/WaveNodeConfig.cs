using System.Text.Json.Serialization;
using FlowVocoder.Flows;

namespace FlowVocoder.Models;

/// <summary>Configuration of a <see cref="WaveNode"/>. The default values are those of the published model, but for the solver.</summary>
public sealed record WaveNodeConfig
{
    /// <summary>Bands of the mel. The default value is 80.</summary>
    public int MelChannels { get; init; } = 80;

    /// <summary>Blocks of squeeze, activation normalisation and continuous flow, n_block. The default value is 4.</summary>
    public int Blocks { get; init; } = 4;

    /// <summary>Samples that the first squeeze joins, scale_init. The default value is 4.</summary>
    public int FirstScale { get; init; } = 4;

    /// <summary>Samples that each block joins, scale. The default value is 2.</summary>
    public int Scale { get; init; } = 2;

    /// <summary>Blocks after which half of the channels leave, split_period. The default value is 2.</summary>
    public int SplitPeriod { get; init; } = 2;

    /// <summary>Layers of each vector field, n_layer_wvn. The default value is 4.</summary>
    public int Layers { get; init; } = 4;

    /// <summary>Channels of each vector field, n_channel_wvn. The default value is 128.</summary>
    public int Channels { get; init; } = 128;

    /// <summary>Factor from one dilation to the next in all networks, d_i. The default value is 3.</summary>
    public int DilationBase { get; init; } = 3;

    /// <summary>Layers of the network of a split's prior. The default value is 2.</summary>
    public int PriorLayers { get; init; } = 2;

    /// <summary>Its channels. The default value is 256.</summary>
    public int PriorChannels { get; init; } = 256;

    /// <summary>
    /// How the equations are solved, by name (see <see cref="OdeMethod"/>). The default value is rk4; published is dopri5 with a tolerance of 1e-5 in training
    /// and 1e-3 when it speaks (<see cref="ContinuousFlow.Solver"/>), whose receptive field no stream knows beforehand.
    /// </summary>
    public string Solver { get; init; } = "rk4";

    /// <summary>Steps of the solver. The default value is 4.</summary>
    public int SolverSteps { get; init; } = 4;

    /// <summary>Samples that a step of the last block holds.</summary>
    [JsonIgnore]
    internal int Group => FirstScale * (int)Math.Pow(Scale, Blocks);

    [JsonIgnore]
    internal OdeSolver OdeSolver => new(OdeMethod.ByName(Solver), SolverSteps);

    /// <summary>The configuration as JSON with snake_case names.</summary>
    public string ToJson() => JsonConfig.Write(this, JsonConfigContext.Default.WaveNodeConfig);

    /// <summary>Reads what <see cref="ToJson"/> wrote; members that are absent keep their default value.</summary>
    /// <exception cref="VocoderException">Not JSON, an unknown member, or a value of the wrong kind; <paramref name="source"/> is named.</exception>
    public static WaveNodeConfig FromJson(string json, string source) =>
        JsonConfig.Read(json, source, "a WaveNODE configuration", JsonConfigContext.Default.WaveNodeConfig);

    /// <summary>Checks that the numbers can be built.</summary>
    /// <exception cref="VocoderException">One of them cannot; the message names it with its value and what was expected.</exception>
    public void Validate()
    {
        JsonConfig.Check(MelChannels is >= 1 and <= 1024, "mel_channels", MelChannels, "1 to 1024");
        JsonConfig.Check(Blocks is >= 1 and <= 8, "blocks", Blocks, "1 to 8");
        JsonConfig.Check(FirstScale is >= 1 and <= 64, "first_scale", FirstScale, "1 to 64");
        JsonConfig.Check(Scale is >= 2 and <= 4 && Group <= 4096, "scale", Scale, "2 to 4, and at most 4096 samples in all blocks");
        JsonConfig.Check(SplitPeriod >= 1 && (Scale % 2 == 0 || SplitPeriod >= Blocks), "split_period", SplitPeriod,
            "1 or more, and no split with an odd scale");
        JsonConfig.Check(Layers is >= 1 and <= 8, "layers", Layers, "1 to 8");
        JsonConfig.Check(Channels is >= 1 and <= 1024, "channels", Channels, "1 to 1024");
        JsonConfig.Check(DilationBase is >= 1 and <= 4, "dilation_base", DilationBase, "1 to 4");
        JsonConfig.Check(PriorLayers is >= 1 and <= 8, "prior_layers", PriorLayers, "1 to 8");
        JsonConfig.Check(PriorChannels is >= 1 and <= 1024, "prior_channels", PriorChannels, "1 to 1024");
        OdeSolver.Validate();
    }
}
